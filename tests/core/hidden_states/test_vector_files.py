"""Vectors from files: one array whatever the format, and one clear sentence for each that cannot be used."""

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import save as save_safetensors

from core.errors import InputError
from core.hidden_states import vector_files as vectors
from core.hidden_states.vector_readers import Choice

X = np.random.default_rng(0).standard_normal((40, 7)).astype(np.float32)


def npy(x: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, x)
    return file.getvalue()


def npz(**named: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **named)
    return file.getvalue()


def parquet(table: pa.Table | pd.DataFrame) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(table) if isinstance(table, pd.DataFrame) else table, file)
    return file.getvalue()


def columns(x: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(x, columns=[f"x{i}" for i in range(x.shape[1])])


def lists(x: np.ndarray) -> pa.Table:
    return pa.table({"text": ["a"] * len(x), "vector": pa.array(list(x), pa.list_(pa.float32()))})


def safetensors(**named: np.ndarray) -> bytes:
    return save_safetensors(named)


def bfloat16(x: np.ndarray) -> bytes:
    """A safetensors file of the upper halves of float32 values."""
    data = (x.view("<u4") >> 16).astype("<u2").tobytes()
    header = json.dumps({"v": {"dtype": "BF16", "shape": x.shape, "data_offsets": [0, len(data)]}}).encode()
    return struct.pack("<Q", len(header)) + header + data


def savetxt(x: np.ndarray, delimiter: str = ",") -> bytes:
    file = io.BytesIO()
    np.savetxt(file, x, delimiter=delimiter, fmt="%.9e")
    return file.getvalue()


ENCODINGS: dict[str, tuple[str, Callable[[np.ndarray], bytes]]] = {
    "npy": (".npy", npy),
    "npy, columns first": (".npy", lambda x: npy(np.asfortranarray(x))),
    "npy, big-endian": (".npy", lambda x: npy(x.astype(">f4"))),
    "npy, float64": (".npy", lambda x: npy(x.astype(np.float64))),
    "npz": (".npz", lambda x: npz(anything=x)),
    "npz, named among others": (".npz", lambda x: npz(labels=np.arange(3), vectors=x)),
    "parquet, a column a dimension": (".parquet", lambda x: parquet(columns(x))),
    "parquet, a list column": (".parquet", lambda x: parquet(lists(x))),
    "parquet, lists of fixed size": (
        ".parquet",
        lambda x: parquet(pa.table({"v": pa.FixedSizeListArray.from_arrays(x.ravel(), x.shape[1])})),
    ),
    "csv, pandas, counted columns": (".csv", lambda x: pd.DataFrame(x).to_csv(index=False).encode()),
    "csv, pandas, named columns": (".csv", lambda x: columns(x).to_csv(index=False).encode()),
    "csv, pandas, no header": (".csv", lambda x: pd.DataFrame(x).to_csv(index=False, header=False).encode()),
    "csv, numpy": (".csv", savetxt),
    "csv, semicolons, upper-case ending": (".CSV", lambda x: savetxt(x, ";")),
    "safetensors": (".safetensors", lambda x: safetensors(anything=x)),
    "safetensors, float64": (".safetensors", lambda x: safetensors(anything=x.astype(np.float64))),
    "safetensors, named among others": (
        ".safetensors",
        lambda x: safetensors(labels=np.arange(3), vectors=x),
    ),
}


ALL = Choice(columns="all")


def read(suffix: str, data: bytes, **options: Any) -> np.ndarray:
    return vectors.read(io.BytesIO(data), f"mine{suffix}", **options)[0]


def refusal(suffix: str, data: bytes, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read(suffix, data, **options)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_format_gives_the_same_bits_and_one_fingerprint(encoding: str, tmp_path: Path) -> None:
    suffix, encode = ENCODINGS[encoding]
    result = read(suffix, encode(X))
    assert result.dtype == np.float32
    assert result.flags.c_contiguous
    assert result.tobytes() == X.tobytes()
    assert vectors.fingerprint(result) == vectors.fingerprint(X)
    (tmp_path / f"x{suffix}").write_bytes(encode(X))
    assert vectors.read(tmp_path / f"x{suffix}", "x" + suffix)[0].tobytes() == X.tobytes()


@settings(max_examples=40, deadline=None)
@given(arrays(np.float32, (3, 2), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_text_brings_back_any_float32_exactly(x: np.ndarray) -> None:
    for encode in (savetxt, lambda x: columns(x).to_csv(index=False).encode()):
        assert read(".csv", encode(x), choice=ALL).tobytes() == x.tobytes()


def test_half_precision_is_widened() -> None:
    assert np.array_equal(read(".npy", npy(X.astype(np.float16))), X.astype(np.float16).astype(np.float32))
    upper = (X.view("<u4") >> 16 << 16).view("<f4")
    assert np.array_equal(read(".safetensors", bfloat16(X)), upper)


def test_the_fingerprint_tells_shape_value_and_sign_apart_and_reads_mapped_files(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    assert vectors.fingerprint(np.load(tmp_path / "x.npy", mmap_mode="r")) == vectors.fingerprint(X)
    zeros = np.zeros((2, 6), np.float32)
    different = [zeros, -zeros, zeros.reshape(3, 4), zeros.reshape(6, 2), zeros + np.float32(1e-30)]
    assert len({vectors.fingerprint(x) for x in different}) == len(different)
    assert len(vectors.fingerprint(X)) == 32


def test_the_fingerprint_does_not_depend_on_how_the_work_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = vectors.fingerprint(X)
    monkeypatch.setattr(vectors, "_BLOCK", 20)
    assert vectors.fingerprint(X) == whole
    broken = X.copy()
    broken[31, 4] = np.nan
    assert "row 31, column 4" in refusal(".npy", npy(broken))


def spoil(*places: tuple[int, int], value: float = np.nan) -> np.ndarray:
    x = X.copy()
    for place in places:
        x[place] = value
    return x


NOT_FINITE = "mine{} holds {}, {}row 3, column 2 (counted from 0): leave such rows out, with --skip-bad-rows."


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_values_that_are_not_finite_are_counted_and_the_first_is_named(encoding: str) -> None:
    suffix, encode = ENCODINGS[encoding]
    one = NOT_FINITE.format(suffix, "a value that is NaN or infinite", "at ")
    assert refusal(suffix, encode(spoil((3, 2)))) == one
    two = NOT_FINITE.format(suffix, "2 values that are NaN or infinite", "the first at ")
    assert refusal(suffix, encode(spoil((3, 2), (9, 0), value=np.inf))) == two


@pytest.mark.parametrize(("value", "way"), [(1e300, "large|down"), (1e-300, "small|up")])
def test_what_float64_cannot_square_is_refused(value: float, way: str) -> None:
    x = X.astype(np.float64)
    x[3] = value
    size, way = way.split("|")
    expected = (
        f"mine.npy holds numbers as {size} as {value:.1e} in row 3 (counted from 0), whose squares no "
        f"float64 holds: scale the vectors {way}."
    )
    assert refusal(".npy", npy(x)) == expected
    assert refusal(".csv", columns(x).to_csv(index=False).encode()) == expected.replace(".npy", ".csv")


class Marker:
    """Unpickling this would leave a trace."""

    loaded = False

    def __setstate__(self, state: object) -> None:
        Marker.loaded = True


PICKLED = (
    "mine{} holds pickled Python objects, which could run code and are never loaded: "
    "save the vectors as a plain array, numpy.save(file, vectors.astype('float32'))."
)


def test_pickles_are_refused_unread() -> None:
    marker = Marker()
    marker.value = 1
    objects = np.empty((2, 2), object)
    objects[:] = marker
    assert refusal(".npy", npy(objects)) == PICKLED.format(".npy")
    assert refusal(".npy", pickle.dumps(objects)) == PICKLED.format(".npy")
    assert refusal(".npz", npz(vectors=objects)) == PICKLED.format(".npz")
    assert not Marker.loaded


SHAPE = "mine{} has shape {}: give a table of shape (n, d), one row a vector."
FEW = "mine{} has shape {}: at least two vectors are needed, one a row."
WHOLE = (
    "Columns {} of mine{} hold whole numbers (int64): save vectors as floating-point, or say "
    "--vector-columns all."
)
INTEGERS = "mine{} holds int64 values where floating-point numbers are expected: save the vectors as float32."
LENGTHS = (
    "The vectors in column 'v' of mine.parquet differ in length, row 0 has 2 numbers and row 2 has {}: "
    "keep vectors of one length, with --skip-bad-rows."
)
SEVERAL = "mine{} holds 2 arrays (a, b): choose one with --array NAME, or call the one to measure 'vectors'."
FORMATS = ", ".join(vectors.READERS)
NO_NUMBER = (
    "mine.csv holds '{}' in row {} of column {} (counted from 0), where numbers are expected: correct it, or "
    "leave such rows out with --skip-bad-rows."
)
WHOLE_NUMBERS = np.arange(2, 14, dtype=np.int64).reshape(4, 3)


@pytest.mark.parametrize(
    ("suffix", "data", "message"),
    [
        (".npy", npy(X[0]), SHAPE.format(".npy", "(7,)")),
        (".npy", npy(X[None]), SHAPE.format(".npy", "(1, 40, 7)")),
        (".npz", npz(x=X[0]), SHAPE.format(".npz", "(7,)")),
        (".safetensors", safetensors(x=X[0]), SHAPE.format(".safetensors", "(7,)")),
        (".safetensors", safetensors(x=X[None]), SHAPE.format(".safetensors", "(1, 40, 7)")),
        (".npy", npy(X[:1]), FEW.format(".npy", "(1, 7)")),
        (".npy", npy(X[:, :0]), FEW.format(".npy", "(40, 0)")),
        (".npz", npz(x=X[:0]), FEW.format(".npz", "(0, 7)")),
        (".parquet", parquet(columns(X[:1])), FEW.format(".parquet", "(1, 7)")),
        (".parquet", parquet(lists(X[:1])), FEW.format(".parquet", "(1, 7)")),
        (".parquet", parquet(lists(X[:0])), FEW.format(".parquet", "(0, 0)")),
        (".csv", columns(X[:1]).to_csv(index=False).encode(), FEW.format(".csv", "(1, 7)")),
        (".csv", columns(X[:0]).to_csv(index=False).encode(), FEW.format(".csv", "(0, 7)")),
        (".csv", savetxt(X[:1]), FEW.format(".csv", "(1, 7)")),
        (".safetensors", safetensors(x=X[:1]), FEW.format(".safetensors", "(1, 7)")),
        (".npy", npy(WHOLE_NUMBERS), INTEGERS.format(".npy")),
        (".npz", npz(x=WHOLE_NUMBERS), INTEGERS.format(".npz")),
        (".safetensors", safetensors(x=WHOLE_NUMBERS), INTEGERS.format(".safetensors")),
        (".npy", npy(X.astype(complex)), INTEGERS.replace("int64", "complex128").format(".npy")),
        (".npy", npy(X > 0), INTEGERS.replace("int64", "bool").format(".npy")),
        (
            ".safetensors",
            safetensors(x=X > 0),
            "mine.safetensors holds BOOL values: save the vectors as float32.",
        ),
        (".parquet", parquet(columns(WHOLE_NUMBERS)), WHOLE.format("'x0', 'x1', 'x2'", ".parquet")),
        (
            ".parquet",
            parquet(pa.table({"v": [[1, 2], [3, 4]]})),
            "Column 'v' of mine.parquet holds whole numbers (int64): save the vectors as floating-point.",
        ),
        (
            ".csv",
            pd.DataFrame(WHOLE_NUMBERS).to_csv(index=False, header=False).encode(),
            WHOLE.format("0, 1, 2", ".csv"),
        ),
        (".parquet", parquet(pa.table({"v": [[1.0, 2.0]] * 2 + [[1.0]]})), LENGTHS.format(1)),
        (".parquet", parquet(pa.table({"v": [[1.0, 2.0]] * 2 + [None]})), LENGTHS.format(0)),
        (
            ".parquet",
            parquet(pa.table({"a": [[1.0]], "b": [[1.0]]})),
            "mine.parquet has 2 list columns (a, b): choose the one to measure with --vector-columns NAME.",
        ),
        (
            ".csv",
            b"cat,dog\ncat,dog\ncat,dog\n",
            "mine.csv holds no column of numbers: give a table of vectors, one a row.",
        ),
        (".csv", b"a,b\n0.5,1.5\n0.25,\xff\n", NO_NUMBER.format("ÿ", "1", "'b'")),
        (".npz", npz(a=X, b=X), SEVERAL.format(".npz")),
        (".safetensors", safetensors(a=X, b=X), SEVERAL.format(".safetensors")),
        (".npz", npz(), "mine.npz holds no array: save the vectors in it."),
        (
            ".pt",
            b"\x80\x02",
            f"mine.pt is of no known format: give {FORMATS}.",
        ),
        ("", b"1", f"mine is of no known format: give {FORMATS}."),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_sentence(suffix: str, data: bytes, message: str) -> None:
    assert refusal(suffix, data) == message


def test_text_far_down_a_long_table_is_named_by_its_row() -> None:
    lines = b"0.5,1.5\n1.5,0.5\n" * 100_000 + b"0.5,word\n"  # past the first megabyte
    assert refusal(".csv", lines) == NO_NUMBER.format("word", "200,000", "1")
    assert read(".csv", lines, choice=Choice(skip_bad_rows=True)).shape == (200_000, 2)


@pytest.mark.parametrize(
    "lines",
    [b"\xef\xbb\xbf0.5,1.5\r\n2.5,3.5\r\n", b"0,1\n0.5,1.5\n2.5,3.5\n", b'"1","2"\n0.5,1.5\n2.5,3.5\n\n'],
    ids=["byte order mark, carriage returns", "counted header", "quoted header counted from 1"],
)
def test_csv_headers_are_told_from_vectors(lines: bytes) -> None:
    assert read(".csv", lines).tolist() == [[0.5, 1.5], [2.5, 3.5]]


DAMAGED = "mine{0} is cut off, damaged or no {0} file: save or download it again."


@pytest.mark.parametrize(
    "encoding", ["npy", "npz", "parquet, a column a dimension", "parquet, a list column", "safetensors"]
)
def test_a_file_cut_off_or_of_another_kind_is_refused(encoding: str) -> None:
    suffix, encode = ENCODINGS[encoding]
    data = encode(X)
    for cut in (3, 9, len(data) // 2, len(data) - 1):
        assert refusal(suffix, data[:cut]) == DAMAGED.format(suffix), cut
    assert refusal(suffix, b"<html>Not found</html>") == DAMAGED.format(suffix)
    assert refusal(suffix, b"") == f"mine{suffix} is empty: give a file of vectors."


def test_a_csv_file_cut_off_in_a_row_is_refused() -> None:
    assert refusal(".csv", b"0.5,1.5\n0.5,1.5\n0.5") == (
        "mine.csv is cut off or its rows differ in length, row 2 (counted from 0) has 1 cells where others "
        "have 2: save it again, or leave such rows out with --skip-bad-rows."
    )
    assert refusal(".csv", b"\n\n") == "mine.csv is empty: give a file of vectors."
    assert refusal(".csv", b"") == "mine.csv is empty: give a file of vectors."


def test_a_forged_header_allocates_nothing() -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }"
    forged = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n"
    assert refusal(".npy", forged + b"\0" * 64) == DAMAGED.format(".npy")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "no.npy", "cannot be opened (No such file or directory)"),
        (tmp_path, "is a folder without Parquet files"),
    ):
        with pytest.raises(InputError) as caught:
            vectors.read(path, "no.npy")
        assert str(caught.value) == f"no.npy {reason}: give a file of vectors."


OVER = "mine{} {} {:,} bytes, over the limit of {:,}: keep fewer rows, or measure it from the command line."


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_over_the_limit_is_refused_and_one_at_the_limit_is_read(encoding: str) -> None:
    suffix, encode = ENCODINGS[encoding]
    data = encode(X)
    assert refusal(suffix, data, limit_bytes=len(data) - 1) == OVER.format(
        suffix, "is", len(data), len(data) - 1
    )
    assert read(suffix, data, limit_bytes=max(len(data), 2 * X.nbytes)).shape == X.shape


def test_a_small_file_that_unpacks_to_much_is_refused_before_unpacking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    much = np.zeros((5000, 20), np.float32)
    packed = {".npz": npz(v=much), ".parquet": parquet(columns(much))}
    listed = parquet(pa.table({"v": pa.array(list(much))}))
    for module, name in ((zipfile.ZipFile, "open"), (pq.ParquetFile, "read")):
        monkeypatch.setattr(
            module, name, lambda *_, **__: pytest.fail("unpacked before the limit was checked")
        )
    assert all(len(data) < 50_000 for data in (*packed.values(), listed))
    size = {".npz": much.nbytes + 128, ".parquet": much.nbytes}
    for suffix, data in (*packed.items(), (".parquet", listed)):
        assert refusal(suffix, data, limit_bytes=50_000) == OVER.format(
            suffix, "unpacks to", size[suffix], 50_000
        )
