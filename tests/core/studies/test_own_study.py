"""The project's own study: its table, what is finished, and the words and pictures that come of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.checkpoints.variants import split
from core.errors import InputError
from core.formatting import signed
from core.measures.titles import title_of
from core.studies import latent_geometry, own_study
from core.studies.latent_geometry import ROBERTA, SMALL
from core.studies.own_study import finished, members, merged, table, wide
from core.studies.own_study_findings import (
    AVERAGED,
    Agreement,
    ByVectors,
    agreement,
    beside_the_paper,
    by_vectors,
    frame,
    intercepts,
    noise_controlled,
    predicted_elsewhere,
    protocols,
    ranked_by_published,
    texts,
)
from core.studies.own_study_pictures import pictures
from core.wording import own_study as words
from tests import TOP


def made(part: str = "small", folder: Path = Path("made"), slope: float = 2.0) -> pd.DataFrame:
    """A study in which lsq_patchiness rises with the score, as the paper has it."""
    result = members(part, folder)
    subjects = {member.name: f"subject {place}" for place, member in enumerate(result)}
    rng = np.random.default_rng(0)
    measured, scored = [], []
    for place, member in enumerate(result):
        quality = 1 - (member.alpha or 0) + rng.normal(0, 0.01)
        row = {"subject": f"subject {place}", "n": 1000, "d": 128, "text": "few"}
        for seed in range(3):
            value = 1 + slope * quality + 0.01 * seed
            measured.append(row | {"measure": "lsq_patchiness", "seed": seed, "value": value})
        for task in AVERAGED:
            score = {"task": task, "protocol": "3 epochs", "seed": 42, "value": 0.5 + 0.2 * quality}
            scored.append(row | score)
    return table(result, pd.DataFrame(measured), pd.DataFrame(scored), subjects)


def test_recipes_of_the_study_are_recipes(tmp_path: Path) -> None:
    for part in own_study.PARTS:
        for member in members(part, tmp_path):
            base, recipe = split(member.name)
            assert base in ("minilm", *(str(tmp_path / name) for name in own_study.OBJECTIVES))
            if member.variant == "perturbed":
                assert recipe is not None
                assert (recipe.alpha, recipe.seed) == (member.alpha, member.noise_seed)


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        members("large", tmp_path)
    assert str(refused.value) == "The study has no part large: give one of small, minilm."


def test_the_table_keeps_mean_spread_and_number_of_seeds() -> None:
    long = made()
    rows = long[(long["label"] == "small encoder") & (long["quantity"] == "lsq_patchiness")]
    assert rows["repeats"].tolist() == [3]
    assert rows["sd"].iloc[0] == pytest.approx(0.01)
    scores = long[(long["label"] == "small encoder") & (long["kind"] == "score")]
    assert set(scores["quantity"]) == set(AVERAGED)
    assert scores["sd"].isna().all()


def test_what_is_finished_has_every_task_and_cells() -> None:
    long = made()
    assert finished(long, AVERAGED) == set(long["label"])
    without = long[~((long["label"] == "small encoder") & (long["quantity"] == "RTE"))]
    assert finished(without, AVERAGED) == set(long["label"]) - {"small encoder"}
    assert finished(long[long["kind"] == "score"], AVERAGED) == set()


def test_a_later_run_adds_to_the_table_and_replaces_what_it_did_again() -> None:
    small, minilm = made(), made("minilm")
    both = merged(small, minilm)
    assert len(both) == len(small) + len(minilm)
    again = merged(both, made("minilm", slope=5.0))
    assert len(again) == len(both)
    new = wide(again).loc["MiniLM", "lsq_patchiness"]
    assert new > wide(both).loc["MiniLM", "lsq_patchiness"] + 1
    assert again["label"].iloc[0] == "small encoder"


def test_the_table_survives_a_file(tmp_path: Path) -> None:
    long = made()
    long.to_csv(tmp_path / "table.csv", index=False)
    again = merged(pd.read_csv(tmp_path / "table.csv"), made("minilm"))
    assert len(again) == len(long) + len(made("minilm"))


def test_findings_have_the_trend_of_their_points() -> None:
    shown = pictures(made())
    noise = next(finding for finding in shown if finding.title == "Noise in the weights")
    (falling,) = noise.trends
    assert falling.base == "small encoder" and falling.n == 37 and falling.pearson < -0.9
    patchiness = next(f for f in shown if f.y.startswith("Mean of") and f is not noise)
    (rising,) = patchiness.trends
    assert rising.pearson == pytest.approx(1) and rising.low < rising.high
    assert len(patchiness.points) == len(members("small", Path("made")))


def test_each_part_keeps_the_protocol_of_its_own() -> None:
    both = merged(made(), made("minilm"))
    scores = both["kind"] == "score"
    both.loc[scores & (both["part"] == "minilm"), "protocol"] = "1 epoch"
    stray = both[(both["label"] == "MiniLM") & (both["quantity"] == "RTE")]
    mixed = pd.concat([both, stray.assign(value=0.0, protocol="9 epochs")], ignore_index=True)
    assert protocols(mixed) == {"small encoder": "3 epochs", "MiniLM": "1 epoch"}
    rows = wide(mixed)
    assert rows[list(AVERAGED)].notna().all(axis=None)
    assert rows.loc["MiniLM", "RTE"] > 0.5


def test_measures_of_another_number_of_vectors_are_kept_apart() -> None:
    """The text that most checkpoints have counts, of equals the larger; both are told."""
    name = {"quantity": {"lsq_patchiness": "lsq_patchiness_published"}}
    few = made().replace(name)
    measured = few[few["kind"] == "measure"]
    many = measured.assign(value=10 - measured["value"], n=5000, text="many")
    both = merged(few, many)
    measure = "lsq_patchiness_published"
    assert wide(both)[measure].mean() == pytest.approx(many["value"].mean())
    assert texts(both) == {"small encoder": ("many", 5000)}
    up, down = (pytest.approx(sign) for sign in (1.0, -1.0))
    assert by_vectors(both) == [ByVectors("small encoder", measure, ((1000, up), (5000, down)))]
    partly = merged(few, many.iloc[1:])
    assert wide(partly)[measure].mean() == pytest.approx(measured["value"].mean())
    assert by_vectors(few) == []


@pytest.mark.parametrize(
    ("sign", "expected"),
    [
        (1, Agreement("small encoder", 1, 1, 0, ())),
        (-1, Agreement("small encoder", 1, 0, 0, ("lsq_patchiness_published",))),
    ],
    ids=["with", "against"],
)
def test_directions_are_set_beside_those_of_the_paper(sign: int, expected: Agreement) -> None:
    levels = np.arange(9) / 9
    paper = pd.concat(
        pd.DataFrame({"family": family, "variant": "perturbed", "alpha": levels, "glue_average": 1 - levels})
        for family in (SMALL, ROBERTA)
    )
    paper = paper.assign(lsq_patchiness_published=sign * paper["glue_average"])
    ours = made().replace({"quantity": {"lsq_patchiness": "lsq_patchiness_published"}})
    table = beside_the_paper(ours, paper)
    assert table[[SMALL, ROBERTA, "small encoder"]].to_numpy() == pytest.approx(np.array([[sign, sign, 1]]))
    assert agreement(table) == [expected]


def test_a_measure_that_only_tells_the_noise_loses_its_correlation() -> None:
    """The measure follows α with an error of its own; scores follow α with another, or the measure itself."""
    long = made()
    (kept,) = noise_controlled(long)
    scores = long["kind"] == "score"
    chance = np.random.default_rng(1).normal(0, 0.01, scores.sum())
    long.loc[scores, "value"] = 1 - long.loc[scores, "alpha"].fillna(0.0) + chance
    (lost,) = noise_controlled(long)
    assert min(kept.raw, kept.controlled) > 0.95
    assert lost.raw > 0.95 and abs(lost.controlled) < 0.4


def test_bases_that_differ_by_a_constant_need_an_intercept_each() -> None:
    name = {"quantity": {"lsq_patchiness": "lsq_patchiness_published"}}
    small, minilm = made().replace(name), made("minilm").replace(name)
    minilm.loc[minilm["kind"] == "score", "value"] += 5
    both = intercepts(merged(small, minilm), latent_geometry.models())
    assert both is not None and both.bases == ("small encoder", "MiniLM")
    assert both.ours[0] < 0.99 < both.ours[1] and both.paper == pytest.approx((0.32, 0.51), abs=0.005)
    assert intercepts(small, latent_geometry.models()) is None


def test_a_line_that_holds_for_all_predicts_the_others() -> None:
    (errors,) = predicted_elsewhere(made(), "lsq_patchiness")
    assert errors.error < 1e-6 < errors.mean_error
    assert predicted_elsewhere(made(), "eee") == []


def test_a_published_line_is_judged_by_the_order_it_gives() -> None:
    """Spread measures that rise with the score in both, so that a line through one ranks the other."""
    quality = np.linspace(0.2, 0.8, 9)
    chance = np.random.default_rng(0).normal(0, 0.001, (3, 9))
    spread = {name: quality + noise for name, noise in zip(("eee", "vrm", "isoscore"), chance, strict=True)}
    paper = pd.DataFrame(
        {"family": ["a", "b", "c"] * 3, "glue_average": quality, "variant": "perturbed"} | spread
    )
    ours = made()
    measured = ours[ours["quantity"] == "lsq_patchiness"]
    long = pd.concat(
        [ours, *(measured.assign(quantity=name, value=measured["value"] * 0.1) for name in spread)],
        ignore_index=True,
    )
    (ranked,) = ranked_by_published(long, paper)
    assert (ranked.fitted, ranked.n) == (9, 37)
    assert (ranked.together, *ranked.alone) == pytest.approx((1, 1, 1, 1), abs=0.005)
    assert ranked_by_published(ours, paper) == []


def test_nothing_is_shown_of_an_empty_table_and_little_of_a_small_one() -> None:
    empty = pd.DataFrame(columns=list(own_study.COLUMNS))
    assert pictures(empty) == []
    long = made()
    few = long[long["label"].isin(["small encoder", "small encoder, 1 % noise, seed 111"])]
    assert pictures(few) == []
    assert set(frame(few)["variant"]) == {"perturbed"}


def test_the_shipped_table_has_the_columns_and_known_checkpoints(tmp_path: Path) -> None:
    shipped = own_study.shipped()
    assert list(shipped.columns) == list(own_study.COLUMNS)
    listed = {member.label for part in own_study.PARTS for member in members(part, tmp_path)}
    assert set(shipped["label"]) <= listed
    assert np.isfinite(shipped["value"].astype(float)).all()


def test_the_page_on_the_study_says_what_the_shipped_table_says() -> None:
    text = " ".join((TOP / "docs" / "own-study.md").read_text().split())
    long, paper = own_study.shipped(), latent_geometry.models()
    beside = beside_the_paper(long, paper)
    sentences = words.sentences(long, paper, beside)
    assert len(sentences) == 10
    assert [sentence for sentence in sentences if sentence not in text] == []
    rows = [
        f"| {title_of(row[1])} | {' | '.join(signed(r) for r in row[2:])} |" for row in beside.itertuples()
    ]
    assert len(rows) == 19 and [row for row in rows if row not in text] == []
