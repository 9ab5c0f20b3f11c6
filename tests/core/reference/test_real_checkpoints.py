"""Published scores of real checkpoints: whole, with their protocol, and apart from the perturbed ones."""

import re

import pandas as pd
import pytest
from scipy.stats import spearmanr

from core.metrics import Scale, scale_of
from core.reference import checkpoints, real_checkpoints
from core.reference import scores as perturbed

IDENTITY = ["subject", "benchmark", "task", "metric", "split"]


def test_they_fit_the_stores_key_and_no_reading_mixes_protocols() -> None:
    rows = real_checkpoints.scores()
    assert rows[[*IDENTITY, "source", "name", "value"]].notna().all(axis=None)
    assert not rows.duplicated([*IDENTITY, "source"]).any()
    assert not set(rows["subject"]) & set(checkpoints()["subject"])
    dev = set(perturbed().query("split == 'dev'")["split"])
    assert not dev & set(rows["split"])  # scores of perturbed BERTs are a reading of their own
    encoders = real_checkpoints.encoder_scores()
    assert encoders["protocol"].notna().all() and set(encoders["split"]) == {"dev", "test"}
    assert rows["value"].between(-1, 1)[rows["metric"] != "loss"].all()


def test_every_average_says_how_it_was_formed() -> None:
    averages = real_checkpoints.scores().query("task == 'glue_average'")
    assert len(averages) == 51 and averages["formed"].str.startswith("as printed").all()


def test_how_many_there_are() -> None:
    decoders, encoders = real_checkpoints.decoder_scores(), real_checkpoints.encoder_scores()
    assert decoders["checkpoint"].nunique() == 61 and decoders["task"].nunique() == 27
    assert len(decoders) == 2 * 1623 and decoders["standard_error"].notna().sum() == 2 * (1623 - 159)
    losses = decoders[decoders["metric"] == "loss"]
    assert losses.groupby("task")["checkpoint"].nunique().tolist() == [53, 53, 53]
    assert all(scale_of(metric) for metric in decoders["metric"]) and scale_of("loss") == Scale.LOSS
    assert encoders["checkpoint"].nunique() == 104 and len(encoders) == 932
    plain = encoders[encoders["protocol"] == "plain"]
    assert plain["checkpoint"].nunique() == 32
    selection = real_checkpoints.encoder_selection()
    assert selection["checkpoint"].nunique() == 6 and selection["task"].nunique() == 8
    assert (selection["method"] == "fine-tuned").sum() == 48


def test_size_orders_fine_tuned_decoders() -> None:
    rows = real_checkpoints.decoder_scores().query("protocol == @real_checkpoints.FINE_TUNED")
    glue = rows[rows["task"].isin(real_checkpoints.GLUE_TASKS)].groupby("checkpoint")["value"].mean()
    named = {"gpt2": 0.124, "gpt2-medium": 0.355, "gpt2-large": 0.774, "gpt2-xl": 1.558}

    def billions(checkpoint: str) -> float:
        model = checkpoint.split("/")[1]
        found = re.search(r"(\d+(?:\.\d+)?)([bm])(?![a-z])", model.lower())
        return named[model] if model in named else float(found[1]) / (1 if found[2] == "b" else 1000)

    assert spearmanr(glue.index.map(billions), glue).statistic == pytest.approx(0.91, abs=0.01)


@pytest.mark.real
def test_the_figures_are_those_of_the_sources(material) -> None:
    folder = material / "reference"
    theirs = pd.read_csv(folder / "encoder_glue" / "scores.csv")
    theirs = theirs[~theirs["source"].str.startswith("Bai et al.")]  # the plain figures again
    ours = real_checkpoints.encoder_scores()
    columns = ["checkpoint", "task", "split", "value", "citation"]
    expected = theirs.rename(columns={"source": "citation"})[columns]
    assert sorted(map(tuple, ours[columns].to_numpy())) == sorted(map(tuple, expected.to_numpy()))
    theirs = pd.read_csv(folder / "lm_harmony" / "scores.csv")
    ours = real_checkpoints.decoder_scores()
    for protocol, column in (
        (real_checkpoints.FINE_TUNED, "fine_tuned"),
        (real_checkpoints.DIRECT, "direct"),
    ):
        assert ours[ours["protocol"] == protocol]["value"].tolist() == theirs[column].tolist()
    theirs = pd.read_csv(folder / "encoder_selection" / "estimators.csv")
    ours = real_checkpoints.encoder_selection().query("method != 'fine-tuned'")
    assert ours["value"].sum() == pytest.approx(theirs["score"].sum())
    assert len(ours) == len(theirs)
