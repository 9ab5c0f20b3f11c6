"""The one reader of tables: what is found out, what is left out, and one sentence for what cannot be read."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import tables
from core.errors import InputError
from core.tables import checks, read_table


def read(content: str | bytes, name: str = "t.csv", *text: str) -> tuple[pd.DataFrame, list[str]]:
    data = content.encode() if isinstance(content, str) else content
    return read_table(io.BytesIO(data), name, text)


PLAIN = [["007", 0.5], ["b c", -2000.0]]


@pytest.mark.parametrize(
    "content",
    [
        "task,value\n007,0.5\nb c,-2e3\n",
        "task;value\r\n007;0.5\r\nb c;-2e3\r\n",
        "task\tvalue\n007\t0.5\nb c\t-2e3",
        "task|value\n007|.5\nb c|-2e3\n",
        "sep=;\ntask;value\n007;0.5\nb c;-2e3\n",
        "sep=;\rtask;value\r007;0.5\rb c;-2e3\r",
        "\ufefftask,value\n007,0.5\nb c,-2e3\n",
        "\n\ntask,value\n\n007,0.5\n , \nb c,-2e3\n\n",
        "task, value\n007, 0.5\nb c, -2e3\n",
        '"task","value"\n"007","0.5"\n"b c","-2e3"\n',
        "task,value,\n007,0.5,\nb c,-2e3,\n",
        "task,value\n007,0.5,,\nb c,-2e3,,\n",
    ],
)
def test_separators_blanks_and_empty_cells_at_the_end_make_no_difference(content: str) -> None:
    frame, notes = read(content, "t.csv", "Task")
    assert (list(frame.columns), frame.to_numpy().tolist(), notes) == (["task", "value"], PLAIN, [])


def test_decimal_commas_are_found_out_where_commas_separate_nothing() -> None:
    frame, notes = read("a;b;c\n0,5;1;x,y\n-1,25e-2;2;1,5\n", "t.csv", "c")
    assert frame["a"].tolist() == [0.5, -0.0125] and frame["b"].tolist() == [1, 2]
    assert frame["c"].tolist() == ["x,y", "1,5"]
    assert notes == ["t.csv: numbers were read with decimal commas."]
    assert read("a;b\n0.5;1,250\n")[0]["b"].tolist() == ["1,250"]  # of thousands: no number, never 1.25
    assert read('a,b\n0.5,"1,250"\n')[0]["b"].tolist() == ["1,250"]


def test_encodings() -> None:
    text = "task;value\nmüller;0.5\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        frame, notes = read(text.encode(encoding), "t.csv")
        assert (frame["task"][0], notes) == ("müller", [])
    frame, notes = read(text.encode("latin-1"))
    assert frame["task"][0] == "müller"
    assert notes == ["t.csv is not UTF-8 and was read as Latin-1: check letters with accents."]


def test_an_index_that_pandas_wrote_is_left_out_and_one_of_names_is_kept() -> None:
    frame = pd.DataFrame({"task": ["a", "b"], "value": [0.5, 0.6]}, index=[4, 7])
    file = io.BytesIO()
    frame.to_parquet(file)
    for content, name in (
        (frame.to_csv().encode(), "t.csv"),
        (frame.to_csv(sep="\t").encode(), "t.tsv"),
        (pd.read_csv(io.StringIO(frame.to_csv())).to_csv(index=False).encode(), "t.csv"),
        (file.getvalue(), "t.parquet"),
    ):
        made, notes = read(content, name)
        assert made.columns.tolist() == ["task", "value"] and made["value"].tolist() == [0.5, 0.6]
        left_out = [f"{name}: the column Unnamed: 0 was left out as an index."]
        assert notes == ([] if name == "t.parquet" else left_out)  # where the file itself calls it an index
    named = frame.set_index(pd.Index(["m1", "m2"]))
    file = io.BytesIO()
    named.to_parquet(file)
    for content, name in ((named.to_csv().encode(), "t.csv"), (file.getvalue(), "t.parquet")):
        made, notes = read(content, name)
        assert made["Unnamed: 0"].tolist() == ["m1", "m2"] and notes == []


def test_text_columns_are_text_in_every_format() -> None:
    frame = pd.DataFrame({"task": [7, 8], "half": [1.0, None], "value": [0.5, None]})
    file = io.BytesIO()
    frame.to_parquet(file)
    rows = [{"task": 7, "half": 1.0, "value": 0.5}, {"task": 8, "value": None}]
    for content, name in (
        (file.getvalue(), "t.parquet"),
        ("\n".join(map(json.dumps, rows)).encode(), "t.jsonl"),
        (json.dumps(rows).encode(), "t.json"),
    ):
        made, notes = read(content, name, "task", "half")
        assert made["task"].tolist() == ["7", "8"] and made["half"].tolist() == ["1", None]
        assert made["value"][0] == 0.5 and np.isnan(made["value"][1]) and notes == []


def test_missing_numbers_and_words_that_only_look_missing() -> None:
    frame, _ = read("name,value\nNone,0.5\nNA,\n,nan\n", "t.csv", "name")
    assert frame["name"].tolist() == ["None", "NA", None]
    assert frame["value"].tolist()[0] == 0.5 and frame["value"].isna().tolist() == [False, True, True]
    assert read("a\n1_000\n2\n")[0]["a"].tolist() == ["1_000", "2"]


def test_bare_quotes_beside_tabs() -> None:
    frame, _ = read('text\tlabel\n"Well\t1\nhe said "no"\t0\n', "t.tsv", "text")
    assert frame["text"].tolist() == ['"Well', 'he said "no"'] and frame["label"].tolist() == [1, 0]


MANY = "t.csv has {} cells in row {} and 2 in its heading: give each row as many."


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "t.csv is empty: give a table with a heading."),
        ("t.csv", b" \n\n", "t.csv is empty: give a table with a heading."),
        ("t.csv", b",,\n,,\n", "t.csv is empty: give a table with a heading."),
        ("t.csv", b"m,g,t,acc,0.5\nm,g,u,acc,0.6\n", "t.csv has no heading, but numbers in its first "
         "line: name the columns there."),
        ("t.csv", b"a,b\n1,2\n3\n", MANY.format(1, 2)),
        ("t.csv", b"a,b\n1,2,3\n", MANY.format(3, 1)),
        ("t.csv", b"a,b, a\n1,2,3\n", "t.csv has two columns called a: rename one."),
        ("t.csv", b'a,b\n1,"2\n', "t.csv cannot be read as a table (unexpected end of data): save it again."),
        ("t.csv", b"a,b\n\0\0,1\n", "t.csv is no text: save it as CSV."),
        ("t.csv", b"Unnamed: 0\n0\n1\n", "t.csv has no column but an index: give a table with a heading."),
        ("t.jsonl", b'{"a": 1}\n{"a": \n', "t.jsonl holds no JSON in line 2: give one object a line, or "
         "save it again."),
        ("t.jsonl", b'{"a": 1, "a": 2}\n', "t.jsonl has two columns called a: rename one."),
        ("t.json", b"[1, 2]", "t.json holds no object in row 1: give one object for each row."),
        ("t.json", b'[{"a": [1]}]', "t.json holds no plain value of a in row 1: give one there."),
        ("t.json", b"[{}]", "t.json holds no named values: give one object for each row."),
        ("t.xlsx", b"PK", "t.xlsx is of no known format: save it as CSV."),
        ("t.doc", b"x", "t.doc is of no known format: give .csv, .tsv, .txt, .parquet, .jsonl, .json."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(name: str, content: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(content, name)
    assert str(caught.value) == message


def test_too_many_columns_and_damaged_parquet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = io.BytesIO()
    pd.DataFrame({"a": [1], "b": [2]}).to_parquet(file)
    for cut in (file.getvalue()[:-20], b"PAR1" + bytes(50)):
        with pytest.raises(
            InputError, match=r"^t\.parquet cannot be read as a table \(.*\): save it again\.$"
        ):
            read(cut, "t.parquet")
    monkeypatch.setattr(checks, "MOST_COLUMNS", 1)
    for content, name in ((file.getvalue(), "t.parquet"), (b"a,b\n1,2\n", "t.csv")):
        with pytest.raises(InputError, match="has 2 columns: give at most 1"):
            read(content, name)
    with pytest.raises(
        InputError, match=r"cannot be read \(No such file or directory\): give a file that can"
    ):
        read_table(tmp_path / "absent.csv", "absent.csv")


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(CELLS, st.floats(allow_nan=False)), min_size=1, max_size=5), st.sampled_from(",;\t")
)
def test_what_pandas_writes_comes_back(rows: list[tuple[str, float]], separator: str) -> None:
    names = [name for name, _ in rows]
    frame = pd.DataFrame({"name": [f"x{name}" for name in names], "value": [value for _, value in rows]})
    made, _ = read(frame.to_csv(index=False, sep=separator), "t.csv", "name")
    assert made["name"].tolist() == frame["name"].tolist()
    assert made["value"].tolist() == frame["value"].tolist()


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text('ab01,;\t|"\n\r .-e', max_size=60).map(str.encode),
        st.text('[]{}":,1a \n', max_size=40).map(str.encode),
    ),
    st.sampled_from([*tables.READERS]),
)
def test_whatever_a_file_holds_is_a_table_or_one_sentence(content: bytes, suffix: str) -> None:
    try:
        frame, _ = read(content, f"t{suffix}", "a")
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert frame.columns.is_unique and len(frame.columns) > 0
