"""Predictions: the paper's figures, independent fits, the shipped table, the command, the sentences."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cli
from core import reference
from core.errors import InputError
from core.overview import Overview, overview
from core.prediction.candidates import candidates, named
from core.prediction.held_out import BEST, nonstandard, perturbed, table
from core.prediction.predicted import predicted
from core.wording.predictions import (
    basis,
    headline,
    markdown,
    on_the_compared,
    on_the_nonstandard,
    on_the_targets,
    targets,
)
from tests import TOP, stores


@pytest.fixture(scope="module")
def published() -> Overview:
    nothing = pd.DataFrame(columns=["cloud", "subject"])
    return overview(reference.checkpoints(), nothing, reference.measurements(), reference.scores())


# Table 1 of arXiv 2406.12159 (rows PP, PDEEE, CDvar, RS) as its own data give it.
TABLE_1 = {
    "lsq_patchiness_published": 0.0885,
    "lsq_cluster_eee": 0.0174,
    "lsq_centroid_variance": 0.0532,
    "lsq_reconstruction_skew": 0.0385,
}


@pytest.mark.parametrize("measure", TABLE_1)
def test_the_13_are_predicted_as_statsmodels_does_and_miss_as_the_paper_says(
    published: Overview, measure: str
) -> None:
    smf = pytest.importorskip("statsmodels.formula.api")
    found = predicted(published, "glue_average", "linear+architecture", [measure])
    test = nonstandard(found.rows)
    model = smf.ols(f"glue_average ~ {measure} + C(family)", perturbed(published.rows)).fit()
    assert test["raw"].to_numpy() == pytest.approx(model.predict(test).to_numpy(), abs=1e-9)
    assert ((test["raw"] - test["actual"]) ** 2).mean() == pytest.approx(TABLE_1[measure], abs=5e-5)
    assert found.model.r2 == pytest.approx(model.rsquared, abs=1e-9)


def test_r2_with_and_without_architecture_and_the_rank_correlation_on_the_13(published: Overview) -> None:
    from scipy.stats import spearmanr

    plain = predicted(published, "glue_average", "linear")
    typed = predicted(published, "glue_average", "linear+architecture")
    assert (round(plain.model.r2, 3), round(typed.model.r2, 3)) == (0.317, 0.506)
    test = nonstandard(plain.rows)
    assert spearmanr(test["raw"], test["actual"])[0] == pytest.approx(-0.26, abs=0.005)
    claim, told = on_the_nonstandard(typed, 0.5084)
    assert claim == "On the 13 non-standard checkpoints it does worse than always saying the mean"
    assert "Mean squared error 0.0885" in told
    assert told.endswith("It says 1.01, 1.10, 1.26 for 3 of them, which no score can be.")


def test_the_mean_is_the_mean_and_misses_the_13_as_known(published: Overview) -> None:
    found = predicted(published, "glue_average", "mean")
    test = nonstandard(found.rows)
    level = perturbed(published.rows)["glue_average"].mean()
    assert test["raw"].to_numpy() == pytest.approx(np.full(13, level))
    assert ((test["raw"] - test["actual"]) ** 2).mean() == pytest.approx(0.0456, abs=5e-5)
    assert found.rows["in_range"].all()
    assert headline(found).startswith(
        "Always saying the mean misses the GLUE average of an unseen family by 0."
    )


def test_the_shipped_table_is_whole_and_a_part_of_it_computed_anew_is_the_same(published: Overview) -> None:
    shipped = reference.held_out()
    assert list(shipped["predictor"]) == [entry.name for entry in candidates()] + [BEST, "best:anew"]
    names = ["mean", "line:patchiness:architecture", "ridge:spread:ranks"]
    anew = table(published.rows, compared=[named(name) for name in names]).set_index("predictor").loc[names]
    columns = [name for name in anew if name not in ("role", "title")]
    old = shipped.set_index("predictor").loc[names, columns]
    for column in columns:
        assert anew[column].to_numpy(float) == pytest.approx(
            old[column].to_numpy(float), abs=1e-6, nan_ok=True
        )


def test_the_choice_of_the_shipped_table_follows_the_rule() -> None:
    shipped = reference.held_out().iloc[:-2]
    role = shipped["role"].fillna("")
    assert shipped.loc[role.str.contains("new"), "family_mse"].item() == shipped["family_mse"].min()
    assert shipped.loc[role.str.contains("known"), "fold_mse"].item() == shipped["fold_mse"].min()


def test_the_best_beats_the_mean_on_families_left_out_and_its_ranges_hold(published: Overview) -> None:
    found = predicted(published, "glue_average", "best")
    errors = found.model.errors
    assert errors is not None and errors.rmse < errors.mean_rmse
    assert 0.85 <= found.covered <= 0.95 and 0.85 <= found.covered_by_family <= 0.95
    best = reference.held_out().set_index("predictor").loc[BEST]
    test = nonstandard(found.rows)
    assert ((test["raw"] - test["actual"]) ** 2).mean() == pytest.approx(best["test_mse"], abs=1e-6)
    assert errors.rmse**2 == pytest.approx(best["family_mse"], abs=1e-6)
    assert found.covered == pytest.approx(best["coverage"], abs=1e-6)
    assert test[["predicted", "low", "high"]].stack().between(0, 1).all()
    assert "New base checkpoints: " in basis(found) and headline(found).startswith(
        "On a family it had not seen"
    )


def test_targets_are_told_as_met_or_not_with_their_figures() -> None:
    shipped = reference.held_out()
    asked, told = targets(shipped), on_the_targets(shipped)
    assert len(asked) == 3 and told.count("Not met") == int(not asked["met"].all())
    worse = shipped.assign(test_mse=0.5)
    assert "**Not met**: " in on_the_targets(worse) and "(0.5000)" in on_the_targets(worse)
    better = shipped.assign(fold_r2=0.95, test_mse=0.001, coverage=0.9)
    assert on_the_targets(better).startswith("Met: ") and "Not met" not in on_the_targets(better)
    assert "picked anew without the family it is judged on" in on_the_compared(shipped)


def wrong(published: Overview, *arguments: object) -> str:
    with pytest.raises(InputError) as error:
        predicted(published, *arguments)
    return str(error.value)


def test_what_is_not_there_is_said_in_one_sentence(published: Overview) -> None:
    assert wrong(published, "glue_average", "magic") == (
        "There is no predictor magic: choose mean, linear, linear+architecture or best."
    )
    assert wrong(published, "nonsense", "best").startswith(
        "There is no score nonsense in this store: choose glue_average, "
    )
    assert wrong(published, "glue_average", "linear", ["nonsense"]) == (
        "There is no measure nonsense: `cli.py measures` lists those that there are."
    )
    assert wrong(published, "glue_average", "best", ["eee"]) == (
        "The predictor best reads measures of its own: leave out --measures, or choose linear or "
        "linear+architecture."
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command in this process on a fresh store; returns status, stdout and stderr."""
    stores.new(tmp_path / "store")
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path / "store"))

    def command(*arguments: object) -> tuple[int, str, str]:
        status = cli.main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return status, written.out, written.err

    return command


def test_the_command_predicts_the_13_in_the_order_of_their_table(run) -> None:
    status, out, err = run(
        *("predict", "--set", "nonstandard", "--score", "glue_average", "--predictor"),
        *("linear+architecture", "--measures", "lsq_patchiness_published", "--json"),
    )
    assert status == 0, err
    document = json.loads(out)
    results, model = document["results"], document["model"]
    assert [result["subject"].rsplit("/", 1)[1] for result in results][:4] == [
        *("chin", "germ", "shuffle_index", "untrained")
    ]
    keys = {"subject", "predicted", "low", "high", "level", "in_range", "actual"}
    assert all(keys <= set(result) for result in results) and len(results) == 13
    mse = np.mean([(result["predicted"] - result["actual"]) ** 2 for result in results])
    assert mse == pytest.approx(0.0885, abs=5e-5)
    assert (model["predictor"], model["measures"], model["n"]) == (
        "linear+architecture",
        ["lsq_patchiness_published"],
        168,
    )
    assert model["r2"] == pytest.approx(0.506, abs=5e-4)


def test_the_command_names_subjects_as_people_do_and_says_when_a_row_was_held_out(run) -> None:
    ours = "published:arxiv-2406.12159/bert-small_100_1"
    status, out, err = run("predict", ours, "Chinese (BERT-base)", "--predictor", "mean", "--json")
    assert status == 0, err
    first, second = json.loads(out)["results"]
    assert (first["subject"], first["held_out"]) == (ours, True)
    assert (second["subject"], second["id"], second["held_out"]) == (
        "Chinese (BERT-base)",
        "published:arxiv-2406.12159/chin",
        False,
    )
    assert run("predict", "nobody") == (
        1,
        "",
        "The store does not know nobody: measure it first, or use a name that `cli.py export` gives.\n",
    )
    assert run("predict", "--set", "nobody")[2] == "There is no set nobody: choose nonstandard.\n"
    assert run("predict", ours, "--set", "nonstandard")[2] == (
        "Checkpoints and --set exclude each other: give one of them.\n"
    )


def test_the_command_draws_a_table_for_people_and_the_held_out_table(run, tmp_path: Path) -> None:
    status, out, err = run("predict", "--set", "nonstandard", "--predictor", "linear")
    assert status == 0, err
    assert "always saying the mean by" in " ".join(out.split())
    file = tmp_path / "table.csv"
    status, out, err = run("study", "held-out", "--json", "--save", file)
    assert status == 0, err
    assert len(json.loads(out)["predictors"]) == 45 == len(pd.read_csv(file))
    assert run("study", "held-out", "--predictors", "magic")[2] == (
        "The held-out table has no predictor magic: `cli.py study held-out` lists those that it has.\n"
    )
    assert run("study", "held-out", "--save", tmp_path / "table.txt")[2].endswith(
        "is of no known format: give a name that ends in .csv.\n"
    )


def test_the_readme_shows_the_shipped_table() -> None:
    readme = (TOP / "README.md").read_text()
    assert "\n".join(markdown(reference.held_out())) in readme
