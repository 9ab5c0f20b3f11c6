"""Sentences on accuracy without labels, from results made by hand."""

from core.studies.label_free import Calibration, Estimate, Point
from core.wording.label_free import baselines, course, estimated, nearest, sentences, single, sources


def curve(first: float, last: float, error: float = 0.001, rho: float | None = 0.9) -> Calibration:
    points = [Point(0, first, error, first), Point(1, last, error, last)]
    return Calibration(points, 100, 300, 200, rho, 0.5, 0.4, 0.5, 0.62)


def test_the_course_is_said_as_found() -> None:
    assert course(curve(0.035, 0.05)) == (
        "Dispersion rises with accuracy, as in the paper: 0.0350 of mixtures without a right answer, "
        "0.0500 of right ones alone (100 queries each; Spearman's ρ = +0.90 over all mixtures)."
    )
    assert course(curve(0.05, 0.035, rho=None)).startswith(
        "Dispersion falls with accuracy, unlike in the paper"
    )
    flat = course(curve(0.05, 0.0525))
    assert flat.startswith("Dispersion does not surely change with accuracy, unlike in the paper")


def test_an_estimate_has_its_interval_and_says_when_it_says_little_or_nothing() -> None:
    assert estimated(Estimate(300, 0.04, 0.62, 0.5, 0.75)) == (
        "Estimated accuracy on 300 unlabelled queries: 62 %, 95 % interval 50 % to 75 %."
    )
    wide = estimated(Estimate(300, 0.04, 0.62, 0.1, 1.0))
    assert wide is not None and wide.endswith("95 % interval 10 % to 100 %, which says little.")
    assert estimated(Estimate(300, 0.2, 1.0, None, None)) == (
        "The 300 unlabelled queries have dispersion 0.2000, which no mixture of the calibration has: the "
        "two sets differ in more than accuracy, and there is no estimate."
    )
    assert estimated(None) is None


def test_baselines_single_queries_and_the_whole() -> None:
    lines = baselines(0.25, 0.9, 0.92, 0.31)
    assert lines == [
        "Baseline: the accuracy of the calibration, 25.0 %.",
        "Baseline: the mean confidence of the model's own answers, 92.0 % (on the calibration it is 90.0 %).",
        "The labels that the set has say 31.0 %.",
    ]
    assert single(0.62) == (
        "Single queries: those nearest to the others are more often answered wrongly (AUC 0.62 for right "
        "answers to lie farther off; 0.5 is chance)."
    )
    assert "answered rightly (AUC 0.30" in single(0.3)
    assert "hardly tells right from wrong answers (AUC 0.52; 0.5 is chance)" in single(0.52)
    found = Estimate(300, 0.04, 0.62, 0.5, 0.75)
    assert len(sentences(curve(0.03, 0.05), found, 0.25, None, None, None)) == 4
    assert len(sentences(curve(0.03, 0.05), None, 0.25, None, None, None)) == 2


def test_the_nearest_to_the_labels_is_named_and_how_far_the_others_are_off() -> None:
    found = Estimate(300, 0.04, 0.62, 0.5, 0.75)
    assert nearest(found, 0.25, 0.92, 0.31) == (
        "Nearest to the labels is the accuracy of the calibration, 6.0 percentage points off, the estimate "
        "from dispersion 31.0, the mean confidence 61.0."
    )
    assert nearest(found, 0.1, None, 0.6) == (
        "Nearest to the labels is the estimate from dispersion, 2.0 percentage points off, the accuracy of "
        "the calibration 50.0."
    )
    none = nearest(Estimate(300, 0.2, 1.0, None, None), 0.25, None, 0.9)
    assert none == "Nearest to the labels is the accuracy of the calibration, 65.0 percentage points off."
    assert nearest(found, 0.25, 0.92, None) is None and nearest(None, 0.25, 0.92, 0.3) is None


def test_each_source_of_an_accuracy_is_a_row_with_what_is_known_of_the_calibration() -> None:
    rows = sources(Estimate(300, 0.04, 0.62, 0.5, 0.75), 0.25, 0.9, 0.92, None)
    assert [list(row.values()) for row in rows] == [
        ["Estimate from dispersion", "62.0 %", "50 % to 75 %", None],
        ["Baseline: accuracy of the calibration", "25.0 %", None, None],
        ["Baseline: mean confidence of the model", "92.0 %", None, "90.0 %"],
        ["Labels", None, None, "25.0 %"],
    ]
    none = sources(Estimate(300, 0.2, 1.0, None, None), 0.25, None, None, 0.3)
    assert (
        none[0]["Accuracy"] is None and none[0]["95 % interval"] is None and none[3]["Accuracy"] == "30.0 %"
    )
