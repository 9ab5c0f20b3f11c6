"""Named references: which checkpoints each has, and sizes that are read off names or not known."""

import pytest

from core.errors import InputError
from core.reference import real_checkpoints
from core.reference.members import NAMES, members, parameters


def test_every_checkpoint_with_a_score_is_a_member_and_nothing_else() -> None:
    scores = {
        "encoders": real_checkpoints.encoder_scores(),
        "decoders": real_checkpoints.decoder_scores(),
    }
    assert set(NAMES) == set(scores)
    for name, table in scores.items():
        assert [one.name for one in members(name)] == sorted(table["checkpoint"].unique(), key=str.lower)
    assert (len(members("encoders")), len(members("decoders"))) == (104, 61)


@pytest.mark.parametrize(
    ("hub_id", "expected"),
    [
        ("EleutherAI/pythia-70m-deduped", 70_000_000),
        ("EleutherAI/pythia-6.9b-deduped", 6_900_000_000),
        ("Qwen/Qwen2.5-0.5B-Instruct", 500_000_000),
        ("01-ai/Yi-1.5-6B-Chat", 6_000_000_000),
        ("openai-community/gpt2-xl", 1_558_000_000),
        ("distilbert/distilbert-base-uncased", 66_000_000),  # as its source prints it
        ("google-bert/bert-base-cased", None),
        ("babylm/ltgbert-100m-2024", None),  # a number of words
        ("pbelcak/UltraFastBERT-1x11-long", None),
        ("JunxiongWang/BiGS_128", None),
    ],
)
def test_sizes_are_printed_or_in_the_name_or_not_known(hub_id: str, expected: int | None) -> None:
    assert parameters(hub_id) == expected


def test_bytes_follow_from_parameters() -> None:
    by_name = {one.name: one for name in NAMES for one in members(name)}
    assert by_name["EleutherAI/pythia-1b-deduped"].bytes_about == 2_000_000_000  # bfloat16
    assert by_name["jhu-clsp/ettin-encoder-17m"].bytes_about == 68_000_000  # float32
    assert by_name["xlnet/xlnet-base-cased"].bytes_about is None
    assert all(one.parameters is not None for one in members("decoders"))


def test_an_unknown_reference_is_one_sentence() -> None:
    with pytest.raises(InputError) as caught:
        members("perturbed")
    assert str(caught.value) == (
        "There is no reference perturbed whose checkpoints are on the hub: choose encoders or decoders."
    )
