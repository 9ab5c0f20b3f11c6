"""The held-out table in sentences, and the part of it that the documentation shows."""

from core.prediction.candidates import candidates
from core.reference import held_out
from core.wording.held_out import markdown, on_the_compared, on_the_targets, targets, titled
from tests import TOP


def test_targets_set_in_advance_are_met_or_not_with_their_figures() -> None:
    shipped = held_out()
    asked, text = targets(shipped), on_the_targets(shipped)
    assert len(asked) == 3 and text.count("Not met") == int(not asked["met"].all())
    worse = shipped.assign(test_mse=0.5)
    assert "**Not met**: " in on_the_targets(worse) and "(0.5000)" in on_the_targets(worse)
    better = shipped.assign(fold_r2=0.95, test_mse=0.001, coverage=0.9)
    assert on_the_targets(better) == (
        "Met: R² in 10-fold cross-validation at least 0.90 (0.950); mean squared error on the 13 "
        "non-standard checkpoints at most 0.010 (0.001); coverage of the 90 % interval on families left out "
        "85 to 95 % (0.900)."
    )


def test_choosing_by_held_out_error_is_stated_with_what_it_costs() -> None:
    assert on_the_compared(held_out()).startswith(
        "Leave-one-family-out RMSE of the best predictor 0.094, of the mean baseline 0.142. It was chosen "
        "from 43 by that same error; chosen anew without the family that is predicted, the RMSE is 0.114, "
        "still below the baseline. Three families are three draws, so small differences are noise. Over the "
        "43 predictors, "
    )


def test_titles_are_those_of_the_predictors_today() -> None:
    names = titled(held_out()).set_index("predictor")["title"]
    assert names["mean"] == "Mean baseline" and names["best"] == "Best"
    assert [names[entry.name] for entry in candidates()] == [entry.title for entry in candidates()]


def test_the_documentation_shows_the_shipped_table() -> None:
    assert "\n".join(markdown(held_out())) in (TOP / "docs/prediction.md").read_text()
