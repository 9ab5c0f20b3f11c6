"""A column is a dimension only if it is one: what is left out says so, what is open is asked about."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from safetensors.numpy import save as save_safetensors

from core.errors import InputError, OpenChoiceError
from core.hidden_states import vector_files
from core.hidden_states.vector_readers import Choice
from core.measures import measure

N = 60
RANDOM = np.random.default_rng(0)
X = (RANDOM.standard_normal((N, 4)) + np.array([1, 2, 0, -1])).astype(np.float32)
LABELS = RANDOM.integers(0, 2, N).astype(float)
FRAME = pd.DataFrame(X, columns=list("abcd"))
BARE = pd.DataFrame(X)


def parquet(frame: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.to_parquet(file)
    return file.getvalue()


def text(frame: pd.DataFrame, **options: object) -> bytes:
    return frame.to_csv(**options).encode()


def read(suffix: str, data: bytes, **options: object) -> tuple[np.ndarray, list[str]]:
    return vector_files.read(io.BytesIO(data), f"mine{suffix}", choice=Choice(**options))


def refusal(suffix: str, data: bytes, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        read(suffix, data, **options)
    return str(caught.value)


LEFT_OUT = {
    "index of pandas, random floats": (
        FRAME.set_index(pd.Index(RANDOM.random(N))),
        "an index",
    ),
    "index of pandas, dates": (FRAME.set_index(pd.date_range("2024-01-01", periods=N)), ""),
    "index of pandas, text": (FRAME.set_index(pd.Index([f"w{i}" for i in range(N)])), ""),
    "index of pandas under a name": (FRAME.set_index(pd.Index(RANDOM.random(N), name="id")), ""),
    "label as float": (FRAME.assign(label=LABELS), "named like an index or a label"),
    "label of zeros": (FRAME.assign(label=0), "named like an index or a label"),
    "class id with gaps": (FRAME.assign(classId=np.where(LABELS, LABELS, np.nan)), "named like"),
    "timestamp": (FRAME.assign(created_at=1.7e9 + RANDOM.random(N).cumsum()), "named like"),
    "counting from 1, some name": (FRAME.assign(e=np.arange(1.0, N + 1)), "it counts the rows"),
    "text": (FRAME.assign(e="word"), "no numbers"),
    "true or false": (FRAME.assign(e=LABELS > 0), "no numbers"),
    "dates": (FRAME.assign(e=pd.Timestamp("2024-01-01")), "no numbers"),
    "y beside numbered columns": (
        FRAME.set_axis([f"x{i}" for i in range(4)], axis=1).assign(y=RANDOM.random(N)),
        "named like",
    ),
}


@pytest.mark.parametrize("encode", [text, parquet])
@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_is_no_dimension_is_left_out_with_a_note(
    case: str, encode: Callable[[pd.DataFrame], bytes]
) -> None:
    frame, reason = LEFT_OUT[case]
    if encode is text and list(frame.index) == list(range(N)):
        data = text(frame, index=False)
    else:
        data = encode(frame)
    vectors, notes = read(".csv" if encode is text else ".parquet", data)
    assert vectors.tobytes() == X.tobytes()
    assert len(notes) == 1 and reason in notes[0] and notes[0].startswith("mine.")


OPEN = {
    "labels under an odd name": (FRAME.assign(e=LABELS), "Column 'e'", "holds whole numbers alone"),
    "one value": (FRAME.assign(e=0.7), "Column 'e'", "holds one value alone"),
    "zeros": (FRAME.assign(e=0.0), "Column 'e'", "holds one value alone"),
    "whole numbers": (FRAME.assign(e=LABELS.astype(int) + 3), "Column 'e'", "holds whole numbers (int64)"),
    "times": (FRAME.assign(e=1.7e9 + RANDOM.random(N).cumsum()), "Column 'e'", "rises from row to row"),
    "outside a series": (
        FRAME.set_axis([f"x{i}" for i in range(4)], axis=1).assign(e=RANDOM.random(N)),
        "Column 'e'",
        "is not one of x0, x1, x2 and 1 more",
    ),
    "labels beside counted columns": (
        BARE.assign(**{"4": LABELS}),
        "Column '4'",
        "holds whole numbers alone",
    ),
}


@pytest.mark.parametrize("encode", [text, parquet])
@pytest.mark.parametrize("case", OPEN)
def test_what_may_be_a_dimension_is_asked_about(case: str, encode: Callable[..., bytes]) -> None:
    frame, column, look = OPEN[case]
    frame = frame.rename(columns=str)
    suffix, data = (".csv", text(frame, index=False)) if encode is text else (".parquet", parquet(frame))
    name = column.split("'")[1]
    assert refusal(suffix, data) == (
        f"{column} of mine{suffix} {look}, as an index or a label would: leave it out with "
        f"--vector-columns=-{name}, or keep all columns of numbers with --vector-columns all."
    )
    assert read(suffix, data, columns=f"-{name}")[0].tobytes() == X.tobytes()
    everything = frame.to_numpy(np.float64)
    assert np.allclose(read(suffix, data, columns="all")[0], everything, rtol=1e-7)


def test_a_column_without_a_heading_is_asked_about_by_its_place() -> None:
    data = io.BytesIO()
    np.savetxt(data, np.column_stack([LABELS, X]))
    assert refusal(".txt", data.getvalue()).startswith("Column 0 of mine.txt holds whole numbers alone")
    assert read(".txt", data.getvalue(), columns="1:4")[0].tobytes() == X.tobytes()


def test_tables_that_are_alike_throughout_are_vectors() -> None:
    """Nothing to compare with: whole numbers, one value or a rising line may be all that there is."""
    for x in (np.ones((10, 4)), RANDOM.integers(0, 9, (20, 3)).astype(float), np.arange(20.0)[:, None]):
        frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(x.shape[1])])
        assert np.array_equal(read(".parquet", parquet(frame))[0], x)


@pytest.mark.parametrize(
    ("asked", "columns"),
    [
        ("a,c", "ac"),
        ("b:d", "bcd"),
        ("1:", "bcd"),
        (":b", "ab"),
        ("-d", "abc"),
        ("-b:c", "ad"),
        ("3,0", "da"),
    ],
)
def test_columns_are_chosen_by_name_place_and_range(asked: str, columns: str) -> None:
    for suffix, data in ((".csv", text(FRAME, index=False)), (".parquet", parquet(FRAME))):
        found = read(suffix, data, columns=asked)[0]
        assert np.array_equal(found, FRAME[list(columns)].to_numpy())


@pytest.mark.parametrize("name", ["a,b", "-e", "all", "#1", "a:b", "a"])
def test_an_answer_names_columns_so_that_they_cannot_be_misread(name: str) -> None:
    """A name that is no plain word, or that another column has too, is told by its position."""
    heading = ",".join([f'"{name}"', *"abcd"])
    rows = "\n".join(",".join([str(label), *row]) for label, row in zip(LABELS, ROWS, strict=True))
    with pytest.raises(OpenChoiceError) as caught:
        read(".csv", f"{heading}\n{rows}\n".encode())
    leave_out, keep = caught.value.answers.values()
    assert leave_out == "-#0"
    assert np.array_equal(read(".csv", f"{heading}\n{rows}\n".encode(), columns=str(leave_out))[0], ROUNDED)
    assert read(".csv", f"{heading}\n{rows}\n".encode(), columns=str(keep))[0].shape == (N, 5)


def test_rows_of_another_length_are_a_question_that_pages_ask_too() -> None:
    with pytest.raises(OpenChoiceError) as of_text:
        read(".csv", b"0.5,1.5\n0.5,1.5\n0.5")
    lists = parquet(pd.DataFrame({"v": [[0.5, 1.5], [0.5, 1.5], [0.5]]}))
    with pytest.raises(OpenChoiceError) as of_lists:
        read(".parquet", lists)
    assert {of_text.value.field, of_lists.value.field} == {"skip_bad_rows"}
    for suffix, data in ((".csv", b"0.5,1.5\n0.5,1.5\n0.5"), (".parquet", lists)):
        vectors, notes = read(suffix, data, skip_bad_rows=True)
        assert vectors.tolist() == [[0.5, 1.5]] * 2
        assert "of another length" in notes[0]


def test_a_choice_that_fits_nothing_is_refused() -> None:
    words = parquet(FRAME.assign(word="a"))
    assert refusal(".parquet", words, columns="f") == (
        "mine.parquet has no column 'f': --vector-columns takes names of a, b, c and 2 more, or positions "
        "from 0."
    )
    assert "Column 'word' of mine.parquet holds text" in refusal(".parquet", words, columns="word")
    assert "leave --array out" in refusal(".parquet", words, array="a")
    file = io.BytesIO()
    np.savez(file, a=X, b=X)
    assert read(".npz", file.getvalue(), array="b")[0].tobytes() == X.tobytes()
    assert refusal(".npz", file.getvalue(), array="c") == (
        "mine.npz has no array 'c': choose one of a, b with --array."
    )
    assert "leave --vector-columns out" in refusal(".npz", file.getvalue(), columns="a")


ROWS = [[f"{value:.6f}" for value in row] for row in X.tolist()]
ROUNDED = np.array(ROWS, np.float64).astype(np.float32)


def lines(separator: str, end: str = "") -> str:
    return "\n".join(separator.join(row) + end for row in ROWS) + "\n"


QUOTED = "\n".join(",".join(f'"{cell}"' for cell in row) for row in ROWS)
WORDS = ["the", '"', "#", "nan", "2008", *(f"w{i}" for i in range(N - 5))]
TEXTS = {
    "semicolons, decimal commas": (".csv", lines(";").replace(".", ",")),
    "tabs, decimal commas": (".tsv", lines("\t").replace(".", ",")),
    "numpy.savetxt": (".csv", "# a b c d\n" + lines(" ")),
    "columns of fixed width": (".txt", "\n".join("  " + "   ".join(row) for row in ROWS)),
    "tabs": (".tsv", lines("\t")),
    "bars": (".txt", lines("|")),
    "blank after the comma": (".csv", lines(", ")),
    "quotes and blanks after the commas": (".csv", '"a", "b", "c", "d"\n' + QUOTED.replace(",", ", ")),
    "quotes beside tabs": (".tsv", QUOTED.replace(",", "\t")),
    "a remark without words": (".txt", "#\n" + lines(" ")),
    "comma at the end": (".csv", lines(",", ",")),
    "comma at the end, heading": (".csv", "a,b,c,d\n" + lines(",", ",")),
    "stated separator": (".csv", "sep=;\n" + lines(";")),
    "names of rows as R writes them": (
        ".csv",
        "a,b,c,d\n" + "\n".join(f'"{i}",{",".join(row)}' for i, row in enumerate(ROWS, 1)),
    ),
    "R's default, quoted names and blanks": (
        ".txt",
        '"a" "b" "c" "d"\n' + "\n".join(f'"{i}" {" ".join(row)}' for i, row in enumerate(ROWS, 1)),
    ),
    "GloVe": (".txt", "\n".join(f"{w} {' '.join(row)}" for w, row in zip(WORDS, ROWS, strict=True))),
    "word2vec": (
        ".vec",
        f"{N} 4\n" + "\n".join(f"{w} {' '.join(row)} " for w, row in zip(WORDS, ROWS, strict=True)),
    ),
    "lists": (
        ".csv",
        pd.DataFrame({"e": [str([float(v) for v in row]) for row in ROWS]}).to_csv(index=False),
    ),
    "lists alone as NumPy prints them": (".csv", "e\n" + "\n".join(f"[{' '.join(row)}]" for row in ROWS)),
    "lists with commas between semicolons": (
        ".csv",
        "e;t\n" + "\n".join(f"[{', '.join(row)}];a, b" for row in ROWS),
    ),
    "lists with blanks beside a quoted comma": (
        ".csv",
        "e,t\n" + "\n".join(f'[{" ".join(row)}],"a, b"' for row in ROWS),
    ),
    "lists of several lines beside tabs": (
        ".tsv",
        "e\tt\n" + "\n".join('"[' + "\n ".join(row) + ']"\t0.5' for row in ROWS),
    ),
    "lists as NumPy prints them": (
        ".csv",
        pd.DataFrame({"t": "a, b", "e": ["[" + "\n ".join(row) + "]" for row in ROWS]}).to_csv(),
    ),
    "JSON lines": (".jsonl", "\n".join(json.dumps({"t": 1, "e": list(map(float, row))}) for row in ROWS)),
    "JSON, a list of lists": (".json", json.dumps([list(map(float, row)) for row in ROWS])),
    "JSON of an interface": (
        ".json",
        json.dumps(
            {
                "model": "m",
                "data": [{"index": i, "embedding": list(map(float, r))} for i, r in enumerate(ROWS)],
            }
        ),
    ),
    "JSON lines, a key a dimension": (
        ".jsonl",
        "\n".join(json.dumps({f"x{i}": float(v) for i, v in enumerate(row)}) for row in ROWS),
    ),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("case", TEXTS)
def test_text_of_every_form_gives_the_same_vectors(case: str, encoding: str) -> None:
    suffix, content = TEXTS[case]
    if suffix.startswith(".json") and encoding == "utf-16":
        return
    assert read(suffix, content.encode(encoding))[0].tobytes() == ROUNDED.tobytes()


def test_lists_as_text_are_read_as_json() -> None:
    """A file of Python lists, one a line or all in one."""
    rows = [list(map(float, row)) for row in ROWS]
    for content in ("".join(f"{row}\n" for row in rows), str(rows)):
        assert read(".txt", content.encode())[0].tobytes() == ROUNDED.tobytes()


def test_a_second_heading_or_a_footer_is_named() -> None:
    for place, line in ((30, "a,b,c,d"), (0, "(m),(m),(m),(m)"), (60, "mean,1,2,3")):
        content = [",".join(row) for row in ROWS]
        content.insert(place, line)
        data = ("a,b,c,d\n" + "\n".join(content)).encode()
        assert f"in row {place} of column 'a' (counted from 0)" in refusal(".csv", data)
        assert read(".csv", data, skip_bad_rows=True)[0].tobytes() == ROUNDED.tobytes()


def test_a_missing_list_is_a_bad_row() -> None:
    lines = [json.dumps({"e": list(map(float, row)) if i != 5 else None}) for i, row in enumerate(ROWS)]
    data = "\n".join(lines).encode()
    assert "row 5 has 0" in refusal(".jsonl", data)
    vectors, notes = read(".jsonl", data, skip_bad_rows=True)
    assert np.array_equal(vectors, np.delete(ROUNDED, 5, axis=0))
    assert notes == ["mine.jsonl: 1 of 60 rows hold a list of another length and were left out."]


def test_a_pointer_of_git_lfs_says_how_to_get_the_file() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n"
    for suffix in vector_files.READERS:
        assert refusal(suffix, pointer) == (
            f"mine{suffix} is a pointer of git-lfs, not the file: fetch it with git lfs pull."
        )


def test_lists_cut_short_are_refused() -> None:
    with np.printoptions(threshold=3, edgeitems=1):
        data = text(pd.DataFrame({"e": [str(row) for row in X]}), index=False)
    assert refusal(".csv", data) == (
        "The vectors in column 'e' of mine.csv are cut short with '...' in row 0: save them as Parquet, or "
        "as lists, vector.tolist()."
    )


def test_a_row_of_another_length_is_left_out_and_named() -> None:
    short = [",".join(row[:3] if i == 10 else row) for i, row in enumerate(ROWS)]
    for heading in ("", "a,b,c,d\n"):
        vectors, notes = read(".csv", (heading + "\n".join(short)).encode())
        assert np.array_equal(vectors, np.delete(ROUNDED, 10, axis=0))
        assert notes == [
            "mine.csv: a row of another length left out; row 10 (counted from 0) has 3 cells where "
            "others have 4."
        ]
    many = [",".join(row[: 3 + i % 2]) for i, row in enumerate(ROWS)]
    assert "rows differ in length" in refusal(".csv", "\n".join(many).encode())
    assert read(".csv", "\n".join(many).encode(), skip_bad_rows=True)[0].shape[0] == N // 2


def test_bad_rows_are_left_out_where_that_is_asked_for_and_counted() -> None:
    bad = X.copy()
    bad[3, 1], bad[7] = np.nan, np.inf
    kept = np.delete(bad, [3, 7], axis=0)
    file = io.BytesIO()
    np.save(file, bad)
    frame = pd.DataFrame(bad, columns=list("abcd"))
    for suffix, data in (
        (".npy", file.getvalue()),
        (".csv", text(frame, index=False)),
        (".parquet", parquet(frame)),
        (".safetensors", save_safetensors({"v": bad})),
    ):
        vectors, notes = read(suffix, data, skip_bad_rows=True)
        assert vectors.tobytes() == kept.tobytes()
        assert notes == [f"mine{suffix}: 2 of {N} rows hold NaN or infinite values and were left out."]
        assert "NaN or infinite" in refusal(suffix, data)


def test_the_one_table_among_arrays_is_read() -> None:
    file = io.BytesIO()
    np.savez(file, embeddings=X, labels=np.arange(N), mean=X.mean(0))
    tensors = save_safetensors({"embeddings": X, "labels": np.arange(N), "mean": X.mean(0)})
    for suffix, data in ((".npz", file.getvalue()), (".safetensors", tensors)):
        assert read(suffix, data)[0].tobytes() == X.tobytes()


def test_a_folder_of_parquet_parts_is_one_table(tmp_path: Path) -> None:
    for place, part in enumerate((X[:25], X[25:])):
        pd.DataFrame({"e": list(part), "id": 1}).to_parquet(tmp_path / f"part-{place}.parquet")
    (tmp_path / "_SUCCESS").touch()
    assert vector_files.read(tmp_path, "parts")[0].tobytes() == X.tobytes()
    pd.DataFrame({"e": list(X[:, :2])}).to_parquet(tmp_path / "part-2.parquet")
    with pytest.raises(InputError) as caught:
        vector_files.read(tmp_path, "parts")
    assert str(caught.value) == (
        "part-2.parquet in parts has other columns than part-0.parquet: give parts of one table."
    )


def test_parts_are_joined_by_the_names_of_columns_and_may_be_empty(tmp_path: Path) -> None:
    for place, (start, end, order) in enumerate(((0, 0, "abcd"), (0, 25, "dbca"), (25, N, "bacd"))):
        FRAME[start:end][list(order)].to_parquet(tmp_path / f"part-{place}.parquet", index=False)
    assert vector_files.read(tmp_path, "parts")[0].tobytes() == X.tobytes()
    (tmp_path / "part-0.parquet").unlink()
    assert np.array_equal(vector_files.read(tmp_path, "parts")[0], FRAME[list("dbca")])


@pytest.mark.parametrize("cell", ["1_0", "１"])
def test_other_digits_and_underscores_are_no_numbers(cell: str) -> None:
    """As pandas and NumPy have it, unlike Python."""
    assert repr(cell) in refusal(".csv", f"a,b\n0.5,1.5\n{cell},2.5\n0.25,1.0\n".encode())
    lists = f'e,t\n"[0.5, 1.5]",a\n"[{cell}, 2.5]",b\n'.encode()
    assert refusal(".csv", lists) == (
        "mine.csv holds no list of numbers in row 1 of column 'e' (counted from 0): correct it."
    )
    assert "no list of numbers in row 1" in refusal(".csv", b'e,t\n"[0.5, 1.5]",a\n"20.5, 2.5]",b\n')


def test_types_of_parquet_that_stand_for_floats() -> None:
    tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(X)
    for column in (tensor, pa.array(list(X), pa.large_list(pa.float32()))):
        file = io.BytesIO()
        pa.parquet.write_table(pa.table({"e": column, "label": LABELS}), file)
        vectors, notes = read(".parquet", file.getvalue())
        assert vectors.tobytes() == X.tobytes()
        assert notes == ["mine.parquet: column label left out, since column e holds the vectors."]


FAR = RANDOM.standard_normal((200, 4)) * [3, 2, 1, 0.5]


@pytest.mark.parametrize(
    ("vectors", "kind"),
    [
        (FAR, np.float32),
        (FAR + 100, np.float32),
        (np.full((20, 4), 0.1), np.float32),
        (np.float64(np.float32(FAR + 1e7)), np.float32),  # float32 holds them
        (FAR + 1e5, np.float64),
        (FAR + 1e8, np.float64),
        (FAR * 1e60, np.float64),
        (FAR * 1e-42, np.float64),
    ],
)
def test_float64_stays_where_float32_loses_its_digits(vectors: np.ndarray, kind: type) -> None:
    file = io.BytesIO()
    np.save(file, vectors)
    frame = pd.DataFrame(vectors, columns=list("abcd"))
    prints = set()
    for suffix, data in (
        (".npy", file.getvalue()),
        (".csv", text(frame, index=False)),
        (".parquet", parquet(frame)),
        (".safetensors", save_safetensors({"v": vectors})),
    ):
        found, notes = read(suffix, data)
        assert found.dtype == kind and np.array_equal(found, vectors.astype(kind))
        assert any("float64" in note for note in notes) == (kind is np.float64)
        prints.add(vector_files.fingerprint(found))
    assert len(prints) == 1


def test_a_quantizer_refuses_what_float32_cannot_hold() -> None:
    with pytest.raises(InputError, match="Quantizers work in float32, which loses digits of these vectors"):
        measure(FAR + 1e8, "lsq")


def test_text_of_float32_far_from_the_origin_is_float32() -> None:
    """Pandas writes 123456.79 for the float32 that is 123456.7890625."""
    single = (FAR + 123456).astype(np.float32)
    for x in (single, single[:, :1] * np.float32(1e-45)):
        found, _ = read(".csv", text(pd.DataFrame(x).rename(columns="x{}".format), index=False))
        assert found.tobytes() == x.tobytes()
