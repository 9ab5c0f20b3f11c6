"""Pictures of cells as jobs: what is kept, for which cloud, with which tokens; what cannot be drawn."""

from pathlib import Path

import numpy as np
import pytest

from cache import cell_pictures
from cache.cells import drawn
from cache.requests import Settings, Subject, Vectors
from cache.store import Store
from cache.tasks.cell_picture import CellPicture, check, run
from cache.tasks.measure import measure_subject
from core.errors import InputError
from tests import stores, tiny


def silent(stage: str, done: int, total: int, unit: str) -> None:
    """Progress that no test looks at."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture
def vectors(tmp_path: Path) -> Vectors:
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(600, 4)).astype(np.float32))
    return Vectors("v.npy", path=str(tmp_path / "v.npy"))


def test_a_picture_has_the_cells_that_the_measures_saw(store: Store, vectors: Vectors) -> None:
    settings = Settings(measures="pq", at=300)
    measure_subject(store, vectors, settings)
    result = run(store, vectors, CellPicture(settings, "pq"), silent, None)
    assert (result.n, result.d, result.points) == (300, 4, 300) and 0.25 < result.explained[0] < 0.5
    row = drawn(store).iloc[-1]
    made = cell_pictures.read(store, row["cloud"], "pq", 300, row["seed"])
    assert made is not None and made.counts == row["curves"].occupancy
    assert made.tokens == [""] * 300
    assert cell_pictures.read(store, row["cloud"], "lsq", 300, row["seed"]) is None
    assert cell_pictures.read(store, row["cloud"], "pq", None, row["seed"]) is None


def test_tokens_are_those_of_the_vectors(store: Store, tmp_path: Path) -> None:
    folder = tiny.encoder(tmp_path / "bert")
    (tmp_path / "words.txt").write_text("\n".join(f"the of and {i:04}" for i in range(100)))
    settings = Settings(corpus=str(tmp_path / "words.txt"), sequences=60, at=260)
    result = run(store, Subject(str(folder)), CellPicture(settings), silent, None)
    (path,) = (store.folder / "cell pictures").glob("*.json")
    made = cell_pictures._read(store, str(path), 0)
    assert made is not None and result.points == len(made.tokens) == 260
    assert {"[CLS]", "the", "of", "and", "[SEP]"} <= set(made.tokens)


def test_a_damaged_picture_is_none(store: Store, vectors: Vectors) -> None:
    run(store, vectors, CellPicture(Settings(), "pq"), silent, None)
    (path,) = (store.folder / "cell pictures").glob("*.json")
    for content in ("{", "[]", '{"n": "many"}'):
        path.write_text(content)
        assert cell_pictures._read(store, str(path), hash(content)) is None


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (CellPicture(quantizer="opq"), "There is no quantizer opq: choose lsq or pq."),
        (CellPicture(Settings(at=1)), "A draw of 1 vectors shows nothing: give at least 2."),
    ],
)
def test_what_cannot_be_drawn_is_said_before_it_is_queued(request_: CellPicture, sentence: str) -> None:
    with pytest.raises(InputError) as raised:
        check(request_)
    assert str(raised.value) == sentence


def test_more_vectors_than_there_are_cannot_be_drawn(store: Store, vectors: Vectors) -> None:
    with pytest.raises(InputError) as raised:
        run(store, vectors, CellPicture(Settings(at=601), "pq"), silent, None)
    assert str(raised.value) == "601 vectors were asked for, but there are 600: ask for no more than those."
