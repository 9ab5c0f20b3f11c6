"""One row a checkpoint: which setting is shown, what is averaged, its family, how scores are named."""

import numpy as np
import pandas as pd
import pytest

from core import reference
from core.measures import MEASURES
from core.overview import PUBLISHED, Overview, formed, overview
from core.prediction.candidates import SPREAD
from core.statistics.percentiles import percentile

Cloud = tuple[dict[str, object], dict[str, float]]  # its facts, and the values measured of it


def cloud_of(name: str, corpus: str, sequences: int, values: dict[str, float], layer: int = 6) -> Cloud:
    """A cloud of the subject "s" and what was measured of it."""
    facts = {"subject": "s", "corpus": corpus, "sequences": sequences, "layer": layer, "position": "all"}
    return facts | {"cloud": name}, values


def measured(*clouds: tuple[str, str, dict[str, float]] | Cloud) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(clouds, measurements) of one subject "s": (cloud, corpus, values) or what `cloud_of` makes, each."""
    made = [cloud_of(one[0], one[1], 5000, one[2]) if len(one) == 3 else one for one in clouds]
    common = {"subject": "s", "parameters": "{}", "seed": 0, "version": 1}
    rows = [
        common | {"cloud": facts["cloud"], "measure": name, "value": value}
        for facts, values in made
        for name, value in values.items()
    ]
    return (
        pd.DataFrame([facts for facts, _ in made]),
        pd.DataFrame(rows).assign(standard_error=None, n=100, d=8),
    )


def checkpoint(**facts: object) -> pd.DataFrame:
    usual = {
        "subject": "s",
        "name": "mine",
        "origin": "measured",
        "family": "BERT",
        "architecture": "BertModel",
    }
    return pd.DataFrame([usual | {"layers": 6, "width": 384} | facts])


NO_SCORES = reference.scores().iloc[:0]


def test_all_published_checkpoints_have_text_measures_and_scores() -> None:
    clouds = pd.DataFrame(columns=["cloud", "subject"])
    made = overview(reference.checkpoints(), clouds, reference.measurements(), reference.scores())
    paper = made.rows[made.rows.index.str.startswith(PUBLISHED)]
    assert len(paper) == 181
    assert set(paper["corpus"]) == {"ptb+wikitext-2"} and set(paper["sequences"]) == {5000}
    assert paper[["eee", "vrm", "isoscore", "lsq_patchiness_published", "glue_average"]].notna().all().all()
    assert made.scores[0] == "glue_average" and made.errors["eee"].isna().all()
    assert made.measures[:3] == ["eee", "vrm", "isoscore"]


def test_samples_of_one_setting_are_averaged_and_their_spread_is_the_error() -> None:
    clouds, rows = measured(("c0", "a", {"eee": 0.5, "vrm": 0.2}), ("c1", "a", {"eee": 0.7, "vrm": 0.2}))
    made = overview(checkpoint(), clouds, rows, NO_SCORES)
    assert made.rows.loc["s", "eee"] == pytest.approx(0.6)
    assert made.errors.loc["s", "eee"] == pytest.approx(np.std([0.5, 0.7], ddof=1))
    assert made.rows.loc["s", "samples"] == 2


def test_different_texts_are_never_mixed() -> None:
    clouds, rows = measured(("c0", "a", {"eee": 0.5}), ("c1", "b", {"eee": 0.7, "vrm": 0.2}))
    made = overview(checkpoint(), clouds, rows, NO_SCORES).rows.loc["s"]
    assert (made["corpus"], made["eee"]) == ("b", 0.7)  # the setting with more measures


def test_further_measures_never_remove_one_and_say_when_they_are_of_another_text() -> None:
    spread = {"eee": 0.5, "vrm": 0.2, "isoscore": 0.1}
    cells = {name: 1.0 for name in MEASURES if MEASURES[name].group == "cells"}
    first, few, other = ("c0", "a", spread), ("c1", "b", cells), ("c2", "c", {"vrm": 0.9, "dispersion": 3.0})
    before = beside_published(first)
    after = beside_published(few, other, first)
    assert after.rows.loc["s", list(spread)].tolist() == before.rows.loc["s", list(spread)].tolist()
    assert after.rows.loc["s", ["corpus", "samples", "dispersion"]].tolist() == ["a", 1, 3.0]
    assert after.texts.loc["s"].dropna().to_dict() == {"dispersion": "c, 5,000 sequences, layer 6"}
    again = beside_published(few, other, first, ("c3", "b", spread))  # the same once more, on another text
    assert again.rows.loc["s", ["corpus", *spread]].tolist() == ["b", *spread.values()]


def test_what_a_prediction_can_use_stays_whatever_else_is_measured() -> None:
    names = [
        *SPREAD,
        "effective_rank",
        "effective_rank_ratio",
        "dispersion",
        "lsq_patchiness",
        "pq_patchiness",
    ]
    rng = np.random.default_rng(0)
    complete = cloud_of("c0", "ptb+wikitext-2", 5000, dict.fromkeys(names[:3], 0.5))
    for _ in range(12):
        more = [
            cloud_of(
                f"c{number}",
                str(rng.choice(["ptb+wikitext-2", "standard-library"])),
                int(rng.choice([50, 3000, 5000, 20_000])),
                dict.fromkeys(rng.choice(names, rng.integers(1, len(names)), replace=False), float(number)),
                layer=int(rng.choice([3, 6])),
            )
            for number in range(1, 6)
        ]
        made = beside_published(complete, *more)
        row = made.rows.loc["s"]
        assert row[list(SPREAD)].notna().all() and made.texts.loc["s", list(SPREAD)].isna().all()
        assert row["corpus"] == "ptb+wikitext-2" and row["sequences"] >= 5000


def beside_published(*clouds: tuple[str, str, dict[str, float]] | Cloud) -> Overview:
    """The overview of one measured subject "s" and the published checkpoints."""
    made, rows = measured(*clouds)
    both = pd.concat([reference.checkpoints(), checkpoint()], ignore_index=True)
    return overview(both, made, pd.concat([reference.measurements(), rows], ignore_index=True), NO_SCORES)


def test_the_row_names_the_text_that_predictions_read() -> None:
    clouds = ("c0", "a", {"eee": 0.5}), ("c1", "b", {"dispersion": 3.0, "dispersion_euclidean": 2.0})
    assert beside_published(*clouds).rows.loc["s", "corpus"] == "a"
    assert overview(checkpoint(), *measured(*clouds), NO_SCORES).rows.loc["s", "corpus"] == "b"


def test_the_number_of_vectors_is_that_of_the_cloud() -> None:
    clouds, rows = measured(("c0", "a", {"eee": 0.5}))
    vocabulary = rows.assign(cloud="", measure="unembedding_mean_cosine", n=30_522)
    assert overview(checkpoint(), clouds, pd.concat([rows, vocabulary]), NO_SCORES).rows.loc["s", "n"] == 100
    alone = overview(checkpoint(), clouds, vocabulary, NO_SCORES).rows.loc["s"]
    assert pd.isna(alone["n"]) and alone["unembedding_mean_cosine"] == 0.5


def test_what_needs_no_cloud_stands_beside_it_and_a_newer_version_replaces_the_older() -> None:
    clouds, rows = measured(("c0", "a", {"eee": 0.5}))
    extra = rows.assign(cloud="", measure="unembedding_mean_cosine", value=0.1, standard_error=0.01)
    newer = rows.assign(version=2, value=0.9)
    made = overview(checkpoint(), clouds, pd.concat([rows, extra, newer]), NO_SCORES)
    assert made.rows.loc["s", ["eee", "unembedding_mean_cosine"]].tolist() == [0.9, 0.1]
    assert made.errors.loc["s", "unembedding_mean_cosine"] == 0.01


@pytest.mark.parametrize(
    ("facts", "family"),
    [
        ({"architecture": "BertForMaskedLM", "layers": 12, "width": 768}, "BERT-base"),
        ({"family": "RoBERTa", "architecture": "RobertaModel", "layers": 12, "width": 768}, "RoBERTa-base"),
        ({"family": "RoBERTa", "architecture": "RobertaModel", "layers": 6, "width": 768}, "RoBERTa"),
        ({"family": None, "architecture": None, "layers": None, "width": None}, "unknown"),
        ({}, "BERT"),
    ],
)
def test_a_checkpoint_of_a_published_shape_is_of_that_family(facts: dict[str, object], family: str) -> None:
    clouds, rows = measured(("c0", "a", {"eee": 0.5}))
    both = pd.concat([reference.checkpoints(), checkpoint(**facts)], ignore_index=True)
    assert overview(both, clouds, rows, NO_SCORES).rows.loc["s", "family"] == family


def test_a_score_without_a_subject_is_matched_by_name_and_other_readings_are_named_apart() -> None:
    clouds, rows = measured(("c0", "a", {"eee": 0.5}))
    score = {"benchmark": "B", "task": "T", "formed": None, "source": "mine", "origin": "imported"}
    scores = pd.DataFrame(
        [
            score | {"subject": None, "name": "mine", "metric": "accuracy", "split": "dev", "value": 0.5},
            score | {"subject": "s", "name": "mine", "metric": "f1", "split": "dev", "value": 0.4},
            score | {"subject": "p", "name": "other", "metric": "accuracy", "split": "dev", "value": 0.3},
        ]
    )
    both = pd.concat([checkpoint(), checkpoint(subject="p", name="other")])
    made = overview(both, clouds, rows, scores)
    assert made.rows.loc["s", ["T", "T, f1, dev"]].tolist() == [0.5, 0.4]
    assert formed(scores, "s", "mine")["value"].tolist() == [0.5, 0.4]


def test_an_empty_store_gives_an_empty_overview() -> None:
    nothing = reference.checkpoints().iloc[:0], pd.DataFrame(columns=["cloud", "subject"])
    made = overview(*nothing, reference.measurements().iloc[:0], NO_SCORES)
    assert made.rows.empty and made.measures == [] and made.scores == []


def test_percentile() -> None:
    held = pd.Series([1.0, 2.0, 2.0, 3.0, np.nan])
    assert (
        percentile(held, 2.0) == 0.5 and percentile(held, 9.0) == 1.0 and np.isnan(percentile(held, np.nan))
    )


def labelled(subject: str, digest: str, day: int, value: float) -> tuple[list[dict], list[dict]]:
    """(clouds, measurements) of one subject on one label set: layers 0 and 1, and their mean."""
    when = pd.Timestamp(2026, 1, day)
    clouds, rows = [], []
    for layer, of_layer in ((0, value - 1), (1, value + 1), (None, value)):
        cloud = f"{subject}-{digest}-{layer}"
        facts = {"corpus": f"{digest}.csv", "sequences": 40, "layer": layer, "position": "mean"}
        clouds.append({"cloud": cloud, "subject": subject, "created_at": when} | facts)
        row = {"subject": subject, "cloud": cloud, "measure": "logme", "value": of_layer}
        row |= {"parameters": f'{{"labels": "{digest}"}}', "seed": 0, "version": 1, "created_at": when}
        rows.append(row | {"standard_error": 0.25, "n": 40, "d": 8})
    return clouds, rows


def test_measures_of_labels_are_those_of_one_label_set_averaged_over_layers() -> None:
    made = [labelled("s", "old", 1, 10.0), labelled("s", "new", 2, 20.0), labelled("t", "new", 2, 30.0)]
    clouds, rows = (pd.DataFrame([row for one in made for row in one[part]]) for part in (0, 1))
    both = pd.concat([checkpoint(), checkpoint(subject="t", name="other")])
    shown = overview(both, clouds, rows, NO_SCORES)
    assert shown.rows["logme"].to_dict() == {"s": 20.0, "t": 30.0}  # the set that most were measured on
    assert shown.errors.loc["s", "logme"] == 0.25 and shown.over.loc["s", "logme"] == "rows drawn"
    assert shown.rows.loc["s", ["corpus", "sequences"]].tolist() == ["new.csv", 40]
    alone = overview(both, clouds, rows[rows["subject"] == "s"], NO_SCORES)
    assert alone.rows["logme"].to_dict() == {"s": 20.0}  # of equally many the newest
    older = rows["created_at"] == rows["created_at"].min()
    again = overview(both, clouds, rows[(rows["subject"] == "s") & older], NO_SCORES)
    assert again.rows["logme"].to_dict() == {"s": 10.0}


def test_labels_change_no_other_measure_and_not_the_rows_own_text() -> None:
    plain = measured(("c0", "a", {"eee": 0.5}))
    clouds, rows = labelled("s", "mine", 1, 1.0)
    both = [pd.concat([old, pd.DataFrame(new)]) for old, new in zip(plain, (clouds, rows), strict=True)]
    shown = overview(checkpoint(), *both, NO_SCORES)
    assert shown.rows.loc["s", ["eee", "logme", "corpus"]].tolist() == [0.5, 1.0, "a"]
    assert shown.texts.loc["s"].dropna().to_dict() == {"logme": "mine.csv, 40 sequences, means of tokens"}
    undefined = both[1].assign(value=both[1]["value"].mask(both[1]["measure"] == "logme"))
    assert overview(checkpoint(), both[0], undefined, NO_SCORES).measures == ["eee"]
