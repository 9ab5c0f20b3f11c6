"""Odd files are read right or refused in one sentence; `python -m tests.file_faults` tries 10,000."""

import io
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from tests.file_faults import OddFile, plain, tables, vectors
from tests.file_faults.trying import files, tried

FEW = 400


@pytest.mark.filterwarnings("ignore")
def test_odd_files_are_read_right_or_refused_in_one_sentence(tmp_path: Path) -> None:
    totals = tried(files(FEW), tmp_path)
    assert totals.faults == []
    assert sum(totals.outcomes.values()) == FEW
    read = sum(count for (_, outcome), count in totals.outcomes.items() if outcome == "read")
    assert FEW / 3 < read < FEW * 0.8  # that neither is all


def test_the_same_seed_gives_the_same_files() -> None:
    for maker in (vectors.odd_file, tables.odd_file):
        assert maker("a").content == maker("a").content != maker("b").content


@pytest.mark.parametrize(
    ("values", "notes", "said"),
    [
        ([[1, 2], [3, 4], [5, 6]], [], None),
        ([[1, 2], [5, 6]], [], "1 rows are left out without a word"),
        ([[1, 2], [5, 6]], ["a row left out"], None),
        ([[1], [3], [5]], [], "a column of numbers is left out without a word"),
        ([[1, 2], [3, 4], [5, 7]], [], "values that a plain reader does not find there"),
        ([[3, 4], [1, 2], [5, 6]], [], "values that a plain reader does not find there"),
    ],
)
def test_a_contradiction_of_a_plain_reader_is_seen(
    values: list[list[float]], notes: list[str], said: str | None
) -> None:
    cells = plain.separated(b"a,b\n1,2\n3,4\n5,6\n", ",")
    assert plain.contradiction(np.array(values, np.float32), notes, [cells], ".") == said


@pytest.mark.parametrize(
    ("read", "readable", "why"),
    [
        (lambda path: 1 / 0, False, "ends in ZeroDivisionError: division by zero"),
        (lambda path: path.read_bytes(), False, "is not zero"),
        (lambda path: int(io.StringIO("x").read()), False, "ends in ValueError"),
    ],
)
def test_faults_are_counted(tmp_path: Path, read, readable: bool, why: str) -> None:
    file = OddFile("form", "a.csv", b"1", "by hand", read, lambda data: "is not zero", readable)
    totals = tried([("seed", lambda seed: file)], tmp_path)
    assert totals.outcomes == {("form", "fault"): 1}
    assert totals.faults[0].startswith(f"seed: form (by hand) {why}")


def test_a_refusal_is_a_fault_where_the_file_is_plain(tmp_path: Path) -> None:
    def refuse(path: Path) -> None:
        raise InputError(f"{path.name} is odd: give another.")

    for readable, outcome in ((False, "refused"), (True, "fault")):
        file = OddFile("form", "a.csv", b"1", "by hand", refuse, lambda data: None, readable)
        assert tried([("seed", lambda seed, file=file: file)], tmp_path).outcomes == {("form", outcome): 1}
