"""Uploaded vectors are kept by content: the same vectors in five formats are one file."""

import io
from pathlib import Path

import numpy as np
import pytest

from cache.uploads import FORMATS, keep
from core.errors import InputError
from tests.vector_files import in_every_format

VECTORS = np.random.default_rng(0).standard_normal((50, 8)).astype(np.float32)


def test_the_same_vectors_in_every_format_are_one_file(tmp_path: Path) -> None:
    files = in_every_format(VECTORS)
    assert {Path(name).suffix[1:] for name in files} <= set(FORMATS)
    kept = [keep(tmp_path, io.BytesIO(content), name) for name, content in files.items()]
    assert len({upload.fingerprint for upload in kept}) == 1
    assert [upload.name for upload in kept] == list(files)
    assert {(upload.n, upload.d) for upload in kept} == {(50, 8)}
    (file,) = (tmp_path / "uploads").iterdir()
    assert file == kept[0].path
    np.testing.assert_array_equal(np.load(file), VECTORS)


def test_other_vectors_are_another_file(tmp_path: Path) -> None:
    for vectors in (VECTORS, VECTORS + 1):
        keep(tmp_path, io.BytesIO(in_every_format(vectors)["cloud.npy"]), "cloud.npy")
    assert len(list((tmp_path / "uploads").iterdir())) == 2


def test_a_file_over_the_limit_leaves_nothing_behind(tmp_path: Path) -> None:
    content = in_every_format(VECTORS)["cloud.npy"]
    with pytest.raises(InputError) as error:
        keep(tmp_path, io.BytesIO(content), "cloud.npy", limit_bytes=1000)
    assert str(error.value) == (
        f"cloud.npy is {len(content):,} bytes, over the limit of 1,000: keep fewer rows, or measure it "
        "from the command line."
    )
    assert not (tmp_path / "uploads").exists()
