"""How far a sample stands for the whole: the charts, the sentence and the table that say it."""

import pytest

from core.charts.text import SERIES, TITLES, frequencies
from core.corpora.representativeness import Representativeness, representativeness
from core.corpora.sources import Corpus
from pages.parts.text_sample import distances, finding
from tests import tiny


@pytest.fixture(scope="module")
def result() -> Representativeness:
    return representativeness(Corpus("salad", "0" * 32, tiny.sentences(400)), sequences=100, samples=10)


@pytest.mark.parametrize("distribution", TITLES)
def test_ten_samples_and_two_wholes_are_drawn(result: Representativeness, distribution: str) -> None:
    drawn = frequencies(result.frequencies, distribution)
    rows = next(iter(drawn.to_dict()["datasets"].values()))
    assert {row["kind"] for row in rows} == set(SERIES)
    assert len({row["series"] for row in rows}) == 12
    assert {row["distribution"] for row in rows} == {distribution}


def test_the_sentence_and_the_table_hold_the_same_numbers(result: Representativeness) -> None:
    table = distances(result).set_index(["Of", "Compared with"])
    words = table.loc[("Words", "Sequences that can be drawn")]
    assert len(table) == 6
    assert (
        f"{words['Distance']:.3f} ± {words['± sd of ten samples']:.3f} from the {result.usable:,} that can "
        f"be drawn (chance alone: {words['By chance alone']:.3f})" in finding(result)
    )
