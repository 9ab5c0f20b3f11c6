"""Which value of a score counts, and what a score is called."""

import pandas as pd

from core.scores.readings import attributed, replaced, titles


def frame(*rows: dict[str, object]) -> pd.DataFrame:
    usual = {"subject": "s", "name": "mine", "benchmark": "B", "task": "T", "metric": "accuracy", "split": ""}
    return pd.DataFrame([usual | {"origin": "imported", "source": "x", "value": 0.5} | row for row in rows])


def test_the_newest_import_counts_whatever_the_order() -> None:
    rows = [
        {"source": source, "added_at": pd.Timestamp(day)}
        for source, day in (("a", "2026-02-02"), ("b", "2026-02-03"), ("c", "2026-02-01"))
    ]
    assert replaced(frame(*rows, {"source": "d"})).tolist() == [
        True,
        False,
        True,
        True,
    ]  # d: before times were kept
    assert not replaced(frame({"split": "dev"}, {"split": "test"}, {"benchmark": "C"})).any()


def test_imports_come_before_own_runs_of_which_all_seeds_count_and_these_before_published() -> None:
    seeds = [{"origin": "measured", "source": f"seed {seed}"} for seed in (0, 1)]
    published = [{"origin": "published", "source": "p"}, {"origin": "published", "source": "q"}]
    assert replaced(frame(*seeds, *published, {})).tolist() == [True] * 4 + [False]
    assert replaced(frame(*seeds, *published)).tolist() == [False, False, True, True]
    more = {"origin": "published", "source": "p", "task": "U"}
    assert replaced(frame(*published, more)).tolist() == [False, True, False]  # p has more of this checkpoint


def test_scores_are_found_by_name_and_published_ones_of_measured_checkpoints_come_last() -> None:
    expected = attributed(
        frame(
            {"subject": "s1", "benchmark": "mine"},
            {"subject": "published:org/m", "name": "org/m", "origin": "published"},
            {"subject": "published:org/n", "name": "org/n", "origin": "published"},
            {"subject": "published:org/z", "name": "org/z", "origin": "published"},
        ),
        {"s1": ["m"], "s2": ["/models/n"]},
    )
    assert expected["subject"].tolist() == ["s1", "s1", "s2"] and expected["foreign"].tolist() == [
        False,
        True,
        True,
    ]
    assert titles(expected) == {
        ("mine", "T", "accuracy", ""): "T",
        ("B", "T", "accuracy", ""): "T, B, accuracy",
    }
