"""Reasons in words: each code once, and every code that prediction produces has its sentence."""

import re

import pytest

from core.measures.protocol import Sample
from core.prediction import applicability, predictions, trust
from core.reasons import Reason
from core.wording.applicability import TRUST, label, labels, sentence, sentences
from tests import TOP

SHAPE = {"family": "ELECTRA", "layers": 12, "width": 768}
ERRORS = {"rmse": 0.0938, "baseline": 0.1418}
WORDS = [
    (
        Reason("not_measured", measures=("isoscore", "eee")),
        "Not measured: IsoScore, Eigenvalue early enrichment.",
    ),
    (
        Reason("outside_range", measure="eee", value=0.99, low=0.565, high=0.974),
        "Eigenvalue early enrichment 0.99 lies above the reference's 0.565 to 0.974.",
    ),
    (
        Reason("outside_range", measure="eee", value=0.11, low=0.565, high=0.974),
        "Eigenvalue early enrichment 0.11 lies below the reference's 0.565 to 0.974.",
    ),
    (
        Reason("outside_joint_range", distance=0.5512, farthest=0.5304),
        "Each measure is in range, but their combination lies outside the joint range of the reference: 0.55 "
        "standard deviations from the nearest of its checkpoints, none of which lies more than 0.53 from its "
        "own nearest.",
    ),
    (Reason("unknown_architecture"), "Which architecture the vectors come from is not known."),
    (Reason("other_architecture", **SHAPE), "The reference holds no ELECTRA with 12 layers and width 768."),
    (
        Reason("other_architecture", family="ELECTRA", layers=None, width=768),
        "The reference holds no ELECTRA.",
    ),
    (
        Reason("other_kind", kind="decoder", kinds=("encoder",)),
        "It is a decoder; the reference holds encoders only.",
    ),
    (
        Reason("other_text", corpus="standard-library", corpora=("ptb+wikitext-2",)),
        "Measured on other text (standard-library) than the reference (ptb+wikitext-2).",
    ),
    (
        Reason("less_text", sequences=500.0, reference=5000.0),
        "Measured on 500 sequences, the reference on 5,000.",
    ),
    (
        Reason(
            "other_cells",
            samples=(Sample("a", "wikitext-2", 500, n=1398), Sample("b", "wikitext-2", 500, n=9)),
        ),
        "Its cells were measured on 1,398 vectors of wikitext-2 (500 sequences) and one other size, which "
        "does not compare.",
    ),
    (
        Reason("mixed_texts", texts={"vrm": "standard-library, 50 sequences", "isoscore": "own.txt"}),
        "Its measures are of different texts: Vasicek ratio MSE of standard-library, 50 sequences and "
        "IsoScore of own.txt.",
    ),
    (
        Reason("outside_interval", actual=0.7, low=0.8, high=0.9),
        "The known score 0.70 lies outside the prediction interval, 0.80 to 0.90.",
    ),
    (Reason("all_in_range"), "Every measure lies within the range of the reference."),
    (Reason("one_group"), "The reference has one group only, so there is no held-out error."),
    (
        Reason("near_known_base", rmse=0.0312),
        "It lies among checkpoints of its own base that the reference holds: RMSE 0.031 in 10-fold "
        "cross-validation of such checkpoints.",
    ),
    (
        Reason("unseen_group", groups="family", ten=False, **SHAPE, **ERRORS),
        "The reference holds no ELECTRA with 12 layers and width 768. Leave-one-family-out RMSE 0.094, below "
        "the mean baseline (0.142).",
    ),
    (
        Reason("held_out_group", group="BERT-base", n=7, groups="family", rmse=0.15, baseline=0.1418),
        "BERT-base left out and predicted from the other groups (7 checkpoints): RMSE 0.150, not below the "
        "mean baseline (0.142).",
    ),
]


@pytest.mark.parametrize(("reason", "words"), WORDS, ids=lambda value: getattr(value, "code", ""))
def test_each_reason_has_its_sentence(reason: Reason, words: str) -> None:
    assert sentence(reason) == words


def test_every_reason_that_prediction_produces_is_in_the_list_above() -> None:
    modules = (applicability, predictions, trust)
    source = "".join(
        (TOP / "core" / "prediction" / f"{m.__name__.split('.')[-1]}.py").read_text() for m in modules
    )
    produced = set(re.findall(r'Reason\(\s*"(\w+)"', source))
    assert len(produced) > 10 and produced == {reason.code for reason, _ in WORDS}


EEE = "Eigenvalue early enrichment"


def test_labels_are_short_and_that_of_other_cells_stands_alone() -> None:
    reasons = [reason for reason, _ in WORDS[:10]]
    assert labels(reasons) == [
        *("not measured", f"{EEE} above range", f"{EEE} below range", "outside the joint range"),
        *("architecture unknown", "other architecture", "other architecture", "no encoder", "other text"),
        "less text",
    ]
    assert labels([*reasons, WORDS[10][0]]) == ["other text or size of cells"] == [label(WORDS[10][0])]
    assert labels(()) == [] and sentences(()) == ""
    assert sentences([WORDS[4][0], WORDS[9][0]]) == f"{WORDS[4][1]} {WORDS[9][1]}"


def test_every_level_of_trust_has_its_meaning() -> None:
    assert tuple(TRUST) == trust.LEVELS
