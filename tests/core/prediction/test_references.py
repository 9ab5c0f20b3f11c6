"""References: which checkpoints each holds, what is not measured alike, sources, and the choice in it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from cache.predictions import overview_of, predictable, predictions_for
from core.errors import InputError
from core.overview import Overview
from core.prediction import Reference, predict
from core.prediction.by_measure import rank_by, rank_evidence, sign
from core.prediction.choosing import LABELLED, Chosen, ChosenModel, compared_on
from core.prediction.reference import SOURCE
from core.prediction.references import offered, reference_of, sizes, with_source
from core.prediction.shortlist import shortlist, shortlist_by
from core.statistics.regression import ridge
from core.wording.ranking import evidence_line
from tests import stores
from tests.own_scores import BEST, CANDIDATES, SCORED, own_store
from tests.pages.test_pages import add


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Overview:
    return overview_of(own_store(tmp_path_factory.mktemp("own") / "store"))


def test_each_reference_holds_its_checkpoints(own: Overview) -> None:
    assert sizes(own, "my_task") == {"own": 12, "decoders": 0, "encoders": 0, "perturbed": 0, "all": 12}
    assert sizes(own, "glue_average")["perturbed"] == sizes(own, "glue_average")["all"] == 168
    reference = reference_of(own, "own", "my_task")
    assert sorted(reference.rows["name"]) == SCORED and reference.unlike == ()
    assert reference.groups == "family" and reference.limits == (0.0, 1.0)


def test_with_twelve_own_scores_the_others_are_predicted(own: Overview) -> None:
    predictions = predictions_for(own, "my_task", "best")
    assert predictions.model.reference.name == "own" and predictions.model.measures == ("dispersion",)
    rows = predictions.rows.set_index("name").loc[list(CANDIDATES)]
    assert rows["predicted"].to_numpy() == pytest.approx(list(CANDIDATES.values()), abs=0.03)
    assert (rows["low"] < rows["predicted"]).all() and (rows["predicted"] < rows["high"]).all()
    assert dict(rows["in_range"]) == {name: name != "org/new-far" for name in CANDIDATES}
    shown = shortlist(predictions)
    assert shown.own and shown.candidates["name"].iloc[0] == BEST and shown.tau > 0.9
    assert list(shown.outside["name"]) == ["org/new-far"] and len(shown.checked) == 12


def test_below_eight_scores_nothing_is_predicted_and_a_measure_ranks_all(tmp_path: Path) -> None:
    store = own_store(tmp_path / "store", scored=5)
    few = overview_of(store)
    with pytest.raises(
        InputError, match=r"has 5 checkpoints with my_task, and at least 8 are needed.* 3 more"
    ):
        predictions_for(few, "my_task", "best", reference="own")
    assert "my_task" in predictable(store)  # a score of one's own is on offer however few have it
    shown = shortlist_by(few, "my_task", "dispersion")
    assert len(shown.candidates) == 11 and len(shown.checked) == 5 and shown.outside.empty
    assert shown.candidates["name"].iloc[0] == "org/new-far"


def test_what_was_measured_otherwise_is_left_out_by_name(tmp_path: Path) -> None:
    store = own_store(tmp_path / "store")
    subject = f"{99:032x}"
    add(store, subject, "other text", {"dispersion": 0.5}, corpus="docstrings", family="x", kind="decoder")
    score = {
        "subject": subject,
        "name": "other text",
        "value": 0.5,
        "origin": "imported",
        "source": "mine.csv",
    }
    store.add("scores", [score | {"benchmark": "mine", "task": "my_task", "metric": "accuracy", "split": ""}])
    store.ingest()
    reference = reference_of(overview_of(store), "own", "my_task")
    assert reference.unlike == (subject,) and len(reference) == 12


def test_another_precision_is_unlike_and_another_vocabulary_is_not(own: Overview) -> None:
    subjects = own.rows.index[own.rows["my_task"].notna()]
    rows = own.rows.assign(precision="float32", vocabulary=50_000)
    rows.loc[subjects[0], "precision"] = "bfloat16"
    rows.loc[subjects[1], "vocabulary"] = 32_000
    reference = reference_of(replace(own, rows=rows), "own", "my_task")
    assert reference.unlike == (subjects[0],) and len(reference) == 11


def test_a_measure_of_another_text_than_its_row_is_not_learnt_from(own: Overview) -> None:
    subject = own.rows.index[own.rows["my_task"].notna()][0]
    texts = own.texts.copy().astype(object)
    texts.loc[subject, "eee"] = "docstrings"
    rows = reference_of(replace(own, texts=texts), "own", "my_task").rows
    assert np.isnan(rows.loc[subject, "eee"]) and rows["eee"].notna().sum() == 11
    assert rows["dispersion"].notna().all()


def test_scores_on_offer_are_those_that_a_reference_teaches_and_all_of_ones_own(
    own: Overview, measured_encoders: Overview
) -> None:
    assert offered(own)["my_task"] == 12 and offered(own)["glue_average"] == 0
    known = offered(measured_encoders)
    assert all(count == 0 for count in known.values())
    taught = [name for name in known if max(sizes(measured_encoders, name).values()) >= 8]
    assert taught == list(known) and len(taught) < len(measured_encoders.scores)


def test_a_loss_is_ranked_lowest_first_and_has_no_upper_limit(own: Overview) -> None:
    rows = own.rows.assign(my_task=5 - 4 * own.rows["my_task"])
    lost = Overview(
        rows,
        own.errors,
        own.measures,
        own.scores,
        own.cells,
        metrics=own.metrics | {"my_task": "loss"},
        tasks=own.tasks,
        origins=own.origins,
        texts=own.texts,
    )
    predictions = predictions_for(lost, "my_task", "best", reference="own")
    shown = shortlist(predictions)
    assert shown.candidates["name"].iloc[0] == BEST  # the lowest loss
    assert shown.candidates["predicted"].iloc[0] == shown.candidates["predicted"].min() > 1
    assert shown.tau > 0.9


def test_sources_of_scores_have_levels_of_their_own() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=40)
    source = np.repeat(["encoders: a", "encoders: b"], 20)
    y = 0.1 * x + np.where(source == "encoders: b", 0.3, 0.0)
    rows = pd.DataFrame(
        {"dispersion": x, "s": y, SOURCE: source, "family": [f"f{i % 10}" for i in range(40)]}
    )
    model = Chosen().fit(Reference(rows, "s", name="encoders", limits=(-9, 9)))
    assert model.candidate.name == "line:dispersion"
    asked = pd.DataFrame(
        {"dispersion": [0.0] * 3, SOURCE: ["encoders: a", "encoders: b", None], "family": "f"}
    )
    assert model.predict(asked)["predicted"].to_numpy() == pytest.approx([0.0, 0.3, 0.15])


@pytest.mark.parametrize("shape", [(10, 15), (60, 5)])
def test_ridge_is_that_of_scikit_learn(shape: tuple[int, int]) -> None:
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(1)
    X = rng.normal(size=shape) * rng.uniform(0.1, 9, shape[1]) + 5
    X[:, 1] = 3
    y, penalties = X[:, 0] + rng.normal(size=shape[0]), np.logspace(-2, 4, 25)
    weights, constant = ridge(X, y, penalties)
    theirs = make_pipeline(StandardScaler(), RidgeCV(penalties)).fit(X, y)
    assert X @ weights + constant == pytest.approx(theirs.predict(X), abs=1e-10)


MEASURES = ["dispersion", "mean_cosine_similarity", "eee", "vrm", "isoscore", "effective_rank"]
PLANTED = {"size": "line:size", "dispersion": "line:dispersion", "nothing": "mean"}


def planted(through: str, seed: int, n: int = 300) -> pd.DataFrame:
    """n checkpoints of 40 families whose score follows size, dispersion, or nothing."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(n, len(MEASURES))) @ rng.normal(size=(len(MEASURES),) * 2)
    rows = pd.DataFrame(mixed, columns=MEASURES)
    rows["log_parameters"] = rng.uniform(7, 10, n)
    signal = {"size": rows["log_parameters"], "dispersion": rows["dispersion"]}.get(through)
    rows["s"] = 0.6 + rng.normal(0, 0.05, n)
    if signal is not None:
        rows["s"] += 0.05 * (signal - signal.mean()) / signal.std()
    return rows.assign(family=rng.integers(0, 40, n).astype(str))


@pytest.mark.parametrize("through", PLANTED)
def test_what_is_planted_is_chosen_and_intervals_cover(through: str) -> None:
    chosen, covered = [], []
    for seed in range(50):
        rows = planted(through, seed)
        model = Chosen().fit(Reference(rows.iloc[:200], "s", name="own"))
        new = rows.iloc[200:]
        predicted = model.predict(new)
        chosen.append(model.candidate.name)
        covered.append(new["s"].between(predicted["low"], predicted["high"]).mean())
    assert chosen.count(PLANTED[through]) >= 45
    assert 0.85 <= np.mean(covered) <= 0.95


def test_the_error_of_a_choice_is_that_of_choosing_anew_without_each_fold() -> None:
    rows = planted("nothing", 3, 60)
    model = Chosen().fit(Reference(rows, "s", name="own"))
    assert model.errors is not None and model.in_ten_folds
    changed = rows.assign(s=rows["s"].where(rows["family"] != "0", 5.0))
    again = Chosen().fit(Reference(changed, "s", name="own", limits=(0, 9)))
    own = rows["family"] == "0"
    assert again.left_out[own].to_numpy() == pytest.approx(model.left_out[own].to_numpy())


def test_a_measure_that_few_have_is_not_compared() -> None:
    rows = planted("size", 0, 40)
    rows.loc[:10, "eee"] = np.nan
    candidates, whole = compared_on(rows)
    assert len(whole) == 40 and all("eee" not in entry.measures for entry in candidates)
    assert [entry.name for entry in candidates][:3] == ["mean", "line:size", "line:dispersion"]


def test_what_a_reference_says_of_a_measure_is_over_all_and_within_size() -> None:
    rows = planted("dispersion", 1, 200).assign(name="x", origin="measured")
    evidence = rank_evidence(Reference(rows, "s", name="own", title="ours"), "dispersion")
    assert evidence is not None and evidence.n == 200 and evidence.low > 0.4
    assert evidence.within == pytest.approx(evidence.rho, abs=0.1) and abs(evidence.size_rho) < 0.2
    assert evidence.rmse < evidence.mean_rmse and evidence.rmse < evidence.size_rmse
    assert rank_evidence(Reference(rows.iloc[:3], "s", name="own"), "dispersion") is None


def test_the_measured_loss_stands_beside_size_where_nine_in_ten_have_it() -> None:
    rows = planted("dispersion", 1, 200).assign(name="x", origin="measured")
    rows["bits_per_byte"] = 3 - 10 * rows["s"] + np.random.default_rng(0).normal(0, 0.1, 200)
    reference = Reference(rows, "s", name="own", title="ours")
    evidence = rank_evidence(reference, "dispersion")
    assert evidence is not None and evidence.loss_rho == pytest.approx(
        -spearmanr(rows["bits_per_byte"], rows["s"]).statistic
    )
    assert evidence.loss_rho > 0.9 and evidence.loss_rmse < evidence.rmse < evidence.size_rmse
    line = evidence_line(evidence, "dispersion", "s")
    assert f"; loss alone (bits per byte, lower is better) +{evidence.loss_rho:.2f};" in line
    assert f"loss {evidence.loss_rmse:.3f}, mean baseline {evidence.mean_rmse:.3f}" in line
    by_loss = rank_evidence(reference, "bits_per_byte")
    assert by_loss is not None and by_loss.rho == pytest.approx(evidence.loss_rho)
    assert np.isnan(by_loss.loss_rho) and "loss alone" not in evidence_line(by_loss, "bits_per_byte", "s")
    few = rows.assign(bits_per_byte=rows["bits_per_byte"].where(np.arange(200) >= 21))
    without = rank_evidence(Reference(few, "s", name="own", title="ours"), "dispersion")
    assert without is not None and np.isnan([without.loss_rho, without.loss_rmse]).all()
    model = Chosen().fit(reference)
    assert model.candidate.name == "line:loss" and model.measures == ("bits_per_byte",)
    assert model.candidate.title == "Linear regression on the loss in bits per byte"
    assert "ridge:geometry" in set(model.compared["predictor"])
    (geometry,) = (entry for entry in compared_on(rows)[0] if entry.name == "ridge:geometry")
    assert not {"loss", "bits_per_byte"} & set(geometry.measures)


def test_a_measure_ranks_in_its_direction_and_ties_within_its_error() -> None:
    rows = pd.DataFrame({"mean_cosine_similarity": [0.3, 0.1, 0.101, np.nan], "name": list("abcd")})
    errors = pd.DataFrame({"mean_cosine_similarity": [0.01, 0.01, 0.01, 0.01]})
    ranked = rank_by(rows, errors, "mean_cosine_similarity")
    assert list(ranked["name"]) == ["b", "c", "a"] and list(ranked["tie"]) == [1, 1, 3]
    with pytest.raises(InputError, match="cannot be ranked by lsq_reconstruction_error"):
        sign("lsq_reconstruction_error")


def test_predictions_name_the_reference_and_refuse_another(own: Overview) -> None:
    with pytest.raises(InputError, match="There is no reference nobody: choose own, decoders"):
        predictions_for(own, "my_task", "best", reference="nobody")
    model = predict(own, reference_of(own, "own", "my_task"), "best").model
    assert isinstance(model, ChosenModel) and model.compared["predictor"].iloc[0] == "mean"


def test_a_predictor_on_size_has_reasons_and_titles(own: Overview) -> None:
    from core.wording.predictions import basis, headline, on_the_choice, within_groups

    rows = own.rows.assign(parameters=[10.0 ** (7 + i % 17 / 8) for i in range(len(own.rows))])
    rows = rows.assign(
        my_task=rows["my_task"].where(rows["my_task"].isna(), np.log10(rows["parameters"]) / 10)
    )
    sized = Overview(
        rows,
        own.errors,
        own.measures,
        own.scores,
        own.cells,
        metrics=own.metrics,
        tasks=own.tasks,
        origins=own.origins,
        texts=own.texts,
    )
    predictions = predictions_for(sized, "my_task", "best", reference="own")
    assert predictions.model.measures == ("log_parameters",)
    assert "the logarithm of the parameters" in basis(predictions)
    assert headline(predictions).startswith("my_task: leave-one-family-out RMSE 0.")
    assert on_the_choice(predictions).startswith("Chosen: linear regression on the logarithm")
    assert "Median absolute error" in within_groups(predictions)


@pytest.fixture(scope="module")
def measured_encoders(tmp_path_factory: pytest.TempPathFactory) -> Overview:
    """Fourteen encoders and nine decoders with published scores, measured here, under their hub ids."""
    from core.reference.real_checkpoints import decoder_scores, encoder_scores

    store = stores.new(tmp_path_factory.mktemp("encoders") / "store")
    table = encoder_scores()
    rte = table[(table["task"] == "RTE") & ~table["checkpoint"].str.contains("bert-base-uncased")]
    plain = rte[(rte["protocol"] == "plain") & (rte["split"] == "dev")]["checkpoint"].unique()[:9]
    tuned = [name for name in rte["checkpoint"].unique() if name not in set(plain)][:5]
    decoders = decoder_scores()["checkpoint"].unique()[:9]
    for number, name in enumerate([*plain, *tuned, *decoders]):
        kind = "decoder" if name in set(decoders) else "encoder"
        facts = {"family": f"f{number % 7}", "kind": kind, "parameters": 10**7 * (number + 1)}
        values = {"dispersion": 0.3 + 0.02 * number, "eee": 0.5 + 0.01 * (number * 7 % 5)}
        add(store, f"{number:032x}", name, values, corpus="ptb+wikitext-2", layers=12, width=768, **facts)
    store.ingest()
    return overview_of(store)


def test_published_scores_make_references_of_what_is_measured_here(measured_encoders: Overview) -> None:
    names = [name for name in measured_encoders.scores if measured_encoders.tasks[name] == "RTE"]
    (plain,) = [n for n in names if "plain" in n]
    reference = reference_of(measured_encoders, "encoders", plain)
    sources = reference.rows[SOURCE].value_counts()
    assert len(reference) >= 9 and sources.idxmax() == f"encoders: {plain}"
    assert set(reference.rows["kind"]) == {"encoder"} and reference.name == "encoders"
    assert all(source.startswith("encoders: RTE") for source in sources.index)
    if len(sources) > 1:  # readings by other protocols, each with a level of its own
        assert (reference.rows[SOURCE] != f"encoders: {plain}").sum() == len(reference) - sources.max()
    decoders = next(n for n in measured_encoders.scores if n.startswith("rte") and "without" not in n)
    assert (
        sizes(measured_encoders, decoders)["decoders"] == 9 and sizes(measured_encoders, decoders)["own"] == 0
    )
    predictions = predictions_for(measured_encoders, decoders, "best", reference="decoders")
    assert predictions.rows["held_out"].sum() == 9


def test_other_readings_are_joined_from_three_checkpoints_on_and_count_as_known(
    measured_encoders: Overview,
) -> None:
    plain, tuned = "RTE, accuracy, dev, plain", "RTE, accuracy, dev, some tasks from an MNLI model"
    reference = reference_of(measured_encoders, "encoders", plain)
    assert dict(reference.rows[SOURCE].value_counts()) == {f"encoders: {plain}": 9, f"encoders: {tuned}": 4}
    rows, known = measured_encoders.rows, reference.rows[SOURCE] == f"encoders: {tuned}"
    others = known.index[known]  # one more has a reading that no other has, and is not joined
    predictions = predict(measured_encoders, reference, "mean").rows
    assert predictions.loc[others, "actual"].to_numpy() == pytest.approx(rows.loc[others, tuned])
    few = replace(measured_encoders, rows=rows.assign(**{tuned: rows[tuned].drop(others[:2])}))
    assert set(reference_of(few, "encoders", plain).rows[SOURCE]) == {f"encoders: {plain}"}


def test_a_source_is_that_of_the_kind_of_checkpoint() -> None:
    rows = pd.DataFrame({SOURCE: ["decoders: s", "encoders: s"], "family": "f", "s": 0.5})
    asked = pd.DataFrame({"kind": ["encoder", "decoder", None]})
    reference = Reference(rows, "s", name="all")
    assert list(with_source(reference, asked)[SOURCE]) == ["encoders: s", "decoders: s", "decoders: s"]
    own = Reference(rows.assign(**{SOURCE: ["own: s", "encoders: s"]}), "s", name="all")
    assert list(with_source(own, asked)[SOURCE]) == ["own: s"] * 3


def test_where_not_all_is_there_together_the_predictor_with_the_most_gaps_goes() -> None:
    rows = planted("size", 0, 60).assign(**{LABELLED[0]: 0.5})
    rows.loc[:4, LABELLED[0]] = np.nan  # labelled ones lack five, geometry three others: 52 of 60 have both
    rows.loc[5:7, "eee"] = np.nan
    candidates, whole = compared_on(rows)
    names = [entry.name for entry in candidates]
    assert names == ["mean", "line:size", "line:dispersion", "ridge:geometry", "ridge:size+geometry"]
    assert len(whole) == 57


def test_few_scores_with_a_clear_relation_are_enough_and_without_one_are_not() -> None:
    clear, none, covered = 0, 0, []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        rows = pd.DataFrame(rng.normal(size=(62, 3)), columns=["dispersion", "eee", "log_parameters"])
        rows["family"] = [str(i) for i in range(62)]
        noise = rng.normal(0, 0.05, 62)
        related = rows.assign(s=0.6 + 0.1 * rows["dispersion"] + noise)
        model = Chosen().fit(Reference(related.iloc[:12], "s", name="own", limits=(-9, 9)))
        clear += model.candidate.name == "line:dispersion"
        predicted = model.predict(related.iloc[12:])
        covered.append(related["s"].iloc[12:].between(predicted["low"], predicted["high"]).mean())
        unrelated = Reference(rows.assign(s=0.6 + noise).iloc[:12], "s", name="own", limits=(-9, 9))
        none += Chosen().fit(unrelated).candidate.name == "mean"
    assert clear >= 24 and none >= 24 and 0.85 <= np.mean(covered) <= 0.97
