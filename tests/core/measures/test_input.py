"""What may be measured, from whatever holds it; what may not, and the sentence that says so."""

import numpy as np
import pytest
import torch

from core import blocks as rows
from core.errors import InputError
from core.measures import cloud as cloud_module
from core.measures import measure, measure_detailed


@pytest.fixture(autouse=True)
def several_blocks(monkeypatch):
    """Small blocks and the Gram route, so that small input goes the way of large."""
    monkeypatch.setattr(cloud_module, "DIRECT_ELEMENTS", 0)
    monkeypatch.setattr(cloud_module, "STRIP_ROWS", 16)
    monkeypatch.setattr(rows, "BLOCK_ELEMENTS", 200)


def vectors(n: int = 200, d: int = 4) -> np.ndarray:
    """Numbers that bfloat16 holds exactly: (n, d) float32."""
    return np.random.default_rng(0).integers(-100, 100, (n, d)).astype(np.float32) + 3


@pytest.mark.parametrize("kind", ["float16", "float64"])
def test_the_number_type_does_not_matter(kind):
    assert measure(vectors().astype(kind), "all") == pytest.approx(measure(vectors(), "all"), rel=1e-12)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_tensors_are_measured_as_arrays(kind):
    tensor = torch.from_numpy(vectors()).to(kind).requires_grad_()
    assert measure(tensor, "all") == pytest.approx(measure(vectors(), "all"), rel=1e-12)


def test_a_memory_mapped_file_is_measured_as_an_array(tmp_path):
    np.save(tmp_path / "cloud.npy", vectors())
    mapped = np.load(tmp_path / "cloud.npy", mmap_mode="r")
    assert measure(mapped, "all") == measure(vectors(), "all")


def test_a_transposed_view_is_measured_as_its_copy():
    assert measure(np.asfortranarray(vectors()), "all") == pytest.approx(measure(vectors(), "all"), rel=1e-12)


def test_measuring_changes_nothing_in_the_vectors():
    given = vectors()
    measure(given, "all")
    assert (given == vectors()).all()


def test_the_number_of_threads_does_not_change_a_bit(monkeypatch):
    values = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(rows, "THREADS", threads)
        values.append(measure(vectors(), "all"))
    assert values[0] == values[1] == values[2]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            np.zeros(5),
            "Vectors must form a table of shape (n, d), one vector a row, but these have shape (5,); "
            "reshape them.",
        ),
        (
            np.zeros((2, 3, 4)),
            "Vectors must form a table of shape (n, d), one vector a row, but these have shape (2, 3, 4); "
            "reshape them.",
        ),
        (
            np.zeros((0, 3)),
            "Vectors must form a table of shape (n, d), one vector a row, but these have shape (0, 3); "
            "reshape them.",
        ),
        (np.ones((3, 3), int), "Vectors must be floating-point numbers, but these are int64; convert them."),
        (
            torch.ones((3, 3), dtype=torch.int32),
            "Vectors must be floating-point numbers, but these are torch.int32; convert them.",
        ),
        (np.array([["a", "b"]]), "Vectors must be floating-point numbers, but these are <U1; convert them."),
        (
            np.ones((1, 3)),
            "At least two vectors are needed to measure a cloud, but there is one; add vectors.",
        ),
    ],
)
def test_other_tables_are_refused(bad, message):
    with pytest.raises(InputError) as refusal:
        measure(bad)
    assert str(refusal.value) == message


@pytest.mark.parametrize("name", ["dispersion", "dispersion_euclidean", "eee", "effective_rank"])
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_with_their_row(name, poison):
    bad = vectors()
    bad[137, 2] = bad[150, 0] = poison
    with pytest.raises(InputError) as refusal:
        measure(bad, [name])
    assert str(refusal.value) == "Row 137 holds NaN or infinite values; remove or repair such vectors."


def test_numbers_too_large_to_square_are_refused():
    with pytest.raises(InputError) as refusal:
        measure(np.full((9, 2), 1e200), ["dispersion"])
    assert str(refusal.value) == "Row 0 holds numbers whose squares overflow; scale the vectors down."


def test_progress_is_told_between_blocks_and_may_cancel():
    sentence = []
    measure_detailed(vectors(), "all", progress=lambda *step: sentence.append(step))
    stages = list(dict.fromkeys(stage for stage, *_ in sentence))
    assert stages == ["reading vectors", "measuring pairs", "entropy", "isotropy"]
    for stage in stages:
        done = [step[1] for step in sentence if step[0] == stage]
        assert done == sorted(done)
        assert done[-1] == next(step[2] for step in sentence if step[0] == stage)

    class CancelledError(Exception):
        pass

    def cancel(stage: str, done: int, total: int, unit: str) -> None:
        if stage == "entropy":
            raise CancelledError

    with pytest.raises(CancelledError):
        measure_detailed(vectors(), "all", progress=cancel)
