"""Which checkpoint a name means."""

import pytest

from core.scores.names import match

CALLED = {
    "f1": ["google-bert/bert-base-uncased"],
    "f2": ["/models/gpt2", "gpt2"],
    "f3": ["twin", "/a/twin"],
    "f4": ["twin", "/b/twin"],
    "f5": ["/cache/models--org--net/snapshots/abc"],
    "f6": ["other/same"],
    "published:x/both": ["x/both"],
    "f7": ["x/both"],
}


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("f1", "f1"),
        ("google-bert/bert-base-uncased", "f1"),
        ("Google-BERT/BERT-base-uncased", "f1"),
        ("google-bert__bert-base-uncased", "f1"),
        ("bert-base-uncased", "f1"),
        ("/home/me/bert-base-uncased/", "f1"),
        ("openai-community/gpt2", "f2"),
        ("org/net", "f5"),
        ("x/both", "f7"),  # what gives way
        ("published:x/both", "published:x/both"),
        ("elsewhere/same", None),  # a hub id of another owner is another checkpoint
        ("bert", None),
        ("", None),
    ],
)
def test_a_name_is_found(name: str, subject: str | None) -> None:
    matches = match([name], CALLED, give_way={"published:x/both"})
    assert matches.found.get(name) == subject
    assert matches.unmatched == ([] if subject else [name]) and matches.ambiguous == {}


def test_what_cannot_be_told_apart_is_ambiguous_unless_the_folder_says_it() -> None:
    assert match(["twin", "/a/twin", "org/twin"], CALLED).ambiguous == {
        "twin": ["f3", "f4"],
        "org/twin": ["f3", "f4"],
    }
    assert match(["/a/twin"], CALLED).found == {"/a/twin": "f3"}
