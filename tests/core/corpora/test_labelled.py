"""Labelled text from tables: which columns are meant, what is left out, what identifies it."""

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.corpora.labelled import Columns, LabelledText, guess, read_labelled
from core.errors import InputError
from core.measures.labels import labels_of

ROWS = 40
FRAME = pd.DataFrame(
    {
        "text": [f"a text of {row} words" for row in range(ROWS)],
        "label": ["good", "bad"] * (ROWS // 2),
    }
)


def read(frame: pd.DataFrame, name: str = "t.csv", **options: Any) -> LabelledText:
    """What is read of a frame that was written in the format that the name says."""
    file = io.BytesIO()
    if name.endswith(".parquet"):
        frame.to_parquet(file)
    elif name.endswith(".jsonl"):
        file.write(frame.to_json(orient="records", lines=True).encode())
    else:
        frame.to_csv(file, index=False)
    file.seek(0)
    return read_labelled(file, name, **options)


def refused(frame: pd.DataFrame, **options: Any) -> str:
    with pytest.raises(InputError) as refusal:
        read(frame, **options)
    return str(refusal.value)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.jsonl"])
def test_every_format_gives_the_same_text(name: str) -> None:
    made, plain = read(FRAME, name), read(FRAME)
    assert made.texts == FRAME["text"].tolist() and made.pairs is None and made.notes == ()
    assert made.labels.classes == ("bad", "good")
    assert (made.fingerprint, made.digest) == (plain.fingerprint, plain.digest)


def test_text_and_labels_have_a_digest_each_part_of_which_matters() -> None:
    plain = read(FRAME)
    renamed = read(FRAME.rename(columns={"text": "sentence", "label": "class"}), "u.csv")
    assert (renamed.fingerprint, renamed.digest) == (plain.fingerprint, plain.digest)
    other = read(FRAME.assign(label=["bad", "good"] * (ROWS // 2)))
    assert other.fingerprint == plain.fingerprint and other.digest != plain.digest
    paired = read(FRAME.assign(second=FRAME["text"]), text="text", pair="second")
    words = read(FRAME.assign(text=FRAME["text"] + "."))
    assert len({plain.fingerprint, paired.fingerprint, words.fingerprint}) == 3


@pytest.mark.parametrize(
    ("columns", "given", "meant"),
    [
        (["text", "label"], {}, Columns("text", None, "label")),
        (["Sentence", "Label"], {}, Columns("Sentence", None, "Label")),
        (["idx", "sentence1", "sentence2", "label"], {}, Columns("sentence1", "sentence2", "label")),
        (["question", "sentence", "label"], {}, Columns("question", "sentence", "label")),
        (
            ["idx", "sentence1", "sentence2", "label"],
            {"text": "sentence2"},
            Columns("sentence2", None, "label"),
        ),
        (["body", "score"], {}, Columns("body", None, "score")),
        (["body", "stars"], {"text": "body"}, Columns("body", None, "stars")),
        (["body", "stars"], {}, Columns("body", None, "stars")),
        (["label", "text", "pair"], {"pair": "pair"}, Columns("text", "pair", "label")),
        (["text", "target", "label"], {"label": "target"}, Columns("text", None, "target")),
    ],
)
def test_columns_are_guessed_where_one_reading_is_left(
    columns: list[str], given: dict[str, str], meant: Columns
) -> None:
    values = {"idx": 1, "label": 0, "Label": 0, "score": 0.5, "stars": 2, "target": 1}
    frame = pd.DataFrame({name: pd.Series([values.get(name, "words")] * 3) for name in columns})
    frame = frame.astype({name: object for name in columns if name not in values})
    assert guess(frame, "t.csv", **given) == meant


def test_a_second_text_that_is_empty_throughout_is_none() -> None:
    frame = FRAME.rename(columns={"text": "sentence1"}).assign(sentence2=None)
    assert read(frame, "t.parquet").columns == Columns("sentence1", None, "label")


def test_texts_that_look_like_numbers_stay_as_written() -> None:
    frame = FRAME.assign(text=[f"{row:03}" for row in range(ROWS)])
    assert read(frame, text="text").texts[7] == "007"
    assert read(frame).texts[7] == "007"  # leading zeros are those of a name
    frame = FRAME.assign(text=range(ROWS))
    assert refused(frame) == ("text holds 0 in row 1, which is no text: name a column of text.")


def test_labels_with_leading_zeros_are_names() -> None:
    rows = "".join(f"text {row},{('1', '01')[row % 2]}\n" for row in range(30))
    labels = read_labelled(io.BytesIO(f"text,label\n{rows}".encode()), "a.csv").labels
    assert labels.classes == ("01", "1")


def test_rows_that_repeat_a_text_are_left_out_and_counted() -> None:
    more = FRAME.iloc[:3].assign(text=FRAME["text"].str.upper().str.replace(" ", "  "))
    made = read(pd.concat([FRAME, more]))
    assert made.digest == read(FRAME).digest
    assert made.notes == ("t.csv: 3 rows repeat the text of an earlier row and were left out.",)
    pairs = pd.concat([FRAME, FRAME]).assign(second=[f"s{row // ROWS}" for row in range(2 * ROWS)])
    assert len(read(pairs, text="text", pair="second").texts) == 2 * ROWS


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (FRAME, {"text": "body"}, "t.csv has no column body: it has text, label."),
        (FRAME, {"label": "stars"}, "t.csv has no column stars: it has text, label."),
        (
            FRAME.rename(columns={"text": "body", "label": "kind"}),
            {},
            "t.csv: say which column holds the text, of body, kind.",
        ),
        (
            FRAME.rename(columns={"label": "kind"}).assign(rating=1),
            {},
            "t.csv: say which column holds the label, of text, kind, rating.",
        ),
        (
            FRAME,
            {"text": "text", "label": "text"},
            "t.csv: text, second text and label must be columns of their own, of text, label.",
        ),
        (
            FRAME.assign(text=FRAME["text"].mask(FRAME.index == 6)),
            {},
            "text has no value in row 7: fill what is missing or leave those rows out.",
        ),
        (
            FRAME.assign(label=FRAME["label"].mask(FRAME.index % 10 == 1)),
            {},
            "label has no value in rows 2, 12, 22 and 1 more: fill what is missing or leave those rows out.",
        ),
        (FRAME.assign(label="good"), {}, "label is good in all 40 rows: give rows of at least two classes."),
        (FRAME.iloc[:10], {}, "label has too few rows, 10: give at least 20, better 200."),
        (
            FRAME,
            {"kind": "numbers"},
            "label holds 'good', which is no finite number: correct it.",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    frame: pd.DataFrame, options: dict[str, str], message: str
) -> None:
    assert refused(frame, **options) == message


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    file.write_text(json.dumps(FRAME.to_dict("records")))
    assert read_labelled(file, file.name).digest == read(FRAME).digest
    with pytest.raises(InputError, match=r"t\.xlsx is of no known format: save it as CSV\."):
        read_labelled(file, "t.xlsx")


def test_numbers_are_labels_too() -> None:
    scored = read(FRAME.assign(label=[row / 7 for row in range(ROWS)]))
    assert (
        scored.labels.classes == () and scored.labels.digest == labels_of([r / 7 for r in range(ROWS)]).digest
    )
