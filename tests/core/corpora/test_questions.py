"""Questions from tables and from ARC's form, and what is refused in a sentence."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from core.corpora.questions import Columns, columns_of, read_questions
from core.errors import InputError


def arc(path: Path, **changes: object) -> Path:
    choices = [{"text": "red", "label": "A"}, {"text": "blue", "label": "B"}]
    rows = [
        {"question": {"stem": f"Which colour is {n}?", "choices": choices}, "answerKey": "AB"[n % 2]}
        | changes
        for n in range(3)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_arcs_form_is_read_packed_or_not(tmp_path: Path) -> None:
    plain = arc(tmp_path / "arc.jsonl")
    packed = tmp_path / "arc.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    found = read_questions(plain)
    assert found.texts[0] == "Question: Which colour is 0?\nAnswer:" and found.correct is None
    assert found.choices == [["red", "blue"]] * 3 and found.keys is not None
    assert found.keys.tolist() == [0, 1, 0]
    assert read_questions(packed).digest == found.digest
    unknown = read_questions(arc(tmp_path / "unknown.jsonl", answerKey=None))
    assert unknown.keys is not None and unknown.keys.tolist() == [-1] * 3


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".json", ".parquet"])
def test_tables_of_all_kinds_are_read(tmp_path: Path, ending: str) -> None:
    frame = pd.DataFrame({"text": ["a", "b", "c"], "correct": [True, False, True], "confidence": [0.5, 1, 0]})
    path = tmp_path / f"mine{ending}"
    if ending == ".csv":
        frame.to_csv(path, index=False)
    elif ending == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=ending == ".jsonl")
    found = read_questions(path)
    assert found.texts == ["a", "b", "c"] and found.choices is None
    assert found.correct is not None and found.correct.tolist() == [True, False, True]
    assert found.confidence is not None and found.confidence.tolist() == [0.5, 1, 0]


def test_columns_of_other_names_and_words_for_true(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("item,right\none,yes\ntwo,no\n")
    found = read_questions(path, text="item", correct="right")
    assert found.correct is not None and found.correct.tolist() == [True, False] and found.confidence is None
    other = tmp_path / "other.csv"
    other.write_text("item\nthree\n")
    assert read_questions(other, text="item", correct="right", needed=False).correct is None


REFUSED = {
    "text,correct\na,maybe\n": "correct of mine.csv holds 'maybe' in row 1: give true or false, or 1 or "
    "0, for each answer.",
    "words,correct\na,1\n": "mine.csv: say which column holds the text, of words, correct.",
    "text,confidence\na,1.5\n": "confidence of mine.csv must hold a probability from 0 to 1 in every row.",
    "text,correct\na,1\n,0\n": "Row 2 of mine.csv has no text: leave it out, or name the column of text.",
}


@pytest.mark.parametrize("content", REFUSED)
def test_what_a_table_cannot_hold_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(content)
    with pytest.raises(InputError) as refused:
        read_questions(path)
    assert str(refused.value) == REFUSED[content]


def test_other_files_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("text,correct\na,1\n")
    with pytest.raises(InputError, match=r"^mine.csv has no column right: it has text, correct.$"):
        read_questions(path, correct="right")
    with pytest.raises(InputError, match=r"cannot be opened \(No such file or directory\)"):
        read_questions(tmp_path / "gone.csv")
    with pytest.raises(InputError) as refused:
        read_questions(arc(tmp_path / "arc.jsonl", answerKey="Z"))
    assert str(refused.value) == (
        "Question 1 of arc.jsonl has no stem, no choices, or an answerKey that is none of their labels: give "
        "all questions in ARC's form."
    )
    broken = tmp_path / "arc.jsonl.xz"
    broken.write_bytes(b"\xfd7zXZ\x00 not so")
    with pytest.raises(InputError) as refused:
        read_questions(broken)
    assert str(refused.value) == "arc.jsonl.xz is cut off or damaged: save or download it again."
    broken = tmp_path / "mine.csv.gz"
    broken.write_bytes(b"not packed")
    with pytest.raises(InputError, match=r"^mine.csv.gz is cut off or damaged"):
        read_questions(broken)


def test_the_columns_of_a_table_are_listed_with_those_that_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("id,Question,is_correct\n1,a,1\n")
    assert columns_of(path) == Columns(["id", "Question", "is_correct"], "Question", "is_correct", None)
    assert columns_of(arc(tmp_path / "arc.jsonl")) is None
