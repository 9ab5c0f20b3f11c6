"""Published correlations with loss as data."""

from core import reference
from core.evidence.association import TESTED
from core.evidence.published import STATISTICS, medians, published, wide


def test_five_measures_in_eight_settings_by_five_statistics() -> None:
    rows = published(reference.findings())
    assert len(rows) == 5 * 8 * 5
    assert rows["setting"].nunique() == 8 and rows["measure"].nunique() == 5
    assert len(wide(rows)) == 5 * 8 and {*STATISTICS, "predictive_r2"} <= set(wide(rows))


def test_medians_are_of_sizes() -> None:
    rows = published(reference.findings())
    raw = rows.loc[rows["statistic"] == "raw_spearman", "value"].abs().median()
    assert medians(rows)["raw_spearman"] == raw and list(medians(rows).index) == list(STATISTICS)


def test_they_are_the_statistics_that_are_computed_here() -> None:
    assert tuple(STATISTICS.values()) == TESTED
