"""Why the reference does not cover a checkpoint, and how far to trust a prediction, in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from core.formatting import decimal, listed
from core.measures.protocol import Sample
from core.measures.titles import title_of
from core.reasons import Reason
from core.wording.predictions import way_of

Words = Callable[[Mapping[str, Any]], str]

TRUST = {
    "fair": "covered by the reference, and the held-out RMSE of its family is below the mean baseline",
    "weak": "covered by the reference, but the held-out RMSE of its family is not below the mean baseline, "
    "or the reference does not hold its family",
    "missed": "the known score lies outside the prediction interval",
    "outside": "outside what the reference covers",
}


def sentence(reason: Reason) -> str:
    """A reason as a sentence. Raises KeyError for a code without words."""
    return _SENTENCES[reason.code](reason.values)


def sentences(reasons: Iterable[Reason]) -> str:
    """Reasons as one paragraph; "" for none."""
    return " ".join(map(sentence, reasons))


def label(reason: Reason) -> str:
    """A reason why a row is not ranked in a few words. Raises KeyError for a code without a label."""
    return _LABELS[reason.code](reason.values)


def labels(reasons: Iterable[Reason]) -> list[str]:
    """The labels of reasons; that of cells measured on other text or size alone, as it explains the rest."""
    reasons = list(reasons)
    elsewhere = [reason for reason in reasons if reason.code == "other_cells"]
    return [label(reason) for reason in elsewhere or reasons]


def sizes(samples: Sequence[Sample]) -> str:
    """At which text and size cells were measured: the largest, and how many others."""
    more = {1: "", 2: " and one other size"}.get(len(samples), f" and {len(samples) - 1} other sizes")
    return f"{samples[0].title}{more}"


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _side(values: Mapping[str, Any]) -> str:
    return "below" if values["value"] < values["low"] else "above"


def _shape(values: Mapping[str, Any]) -> str:
    """That the reference holds no checkpoint like this one, with its shape where known."""
    layers, width = values["layers"], values["width"]
    shape = "" if None in (layers, width) else f" with {layers} layers and width {width}"
    return f"The reference holds no {values['family']}{shape}"


def _against(values: Mapping[str, Any]) -> str:
    """An RMSE set against the mean baseline's."""
    better = "below" if values["rmse"] < values["baseline"] else "not below"
    return f"RMSE {values['rmse']:.3f}, {better} the mean baseline ({values['baseline']:.3f})"


_SENTENCES: dict[str, Words] = {
    "not_measured": lambda v: f"Not measured: {', '.join(map(title_of, v['measures']))}.",
    "outside_range": lambda v: (
        f"{title_of(v['measure'])} {v['value']:.3g} lies {_side(v)} the reference's {v['low']:.3g} to "
        f"{v['high']:.3g}."
    ),
    "outside_joint_range": lambda v: (
        "Each measure is in range, but their combination lies outside the joint range of the reference: "
        f"{v['distance']:.2g} standard deviations from the nearest of its checkpoints, none of which lies "
        f"more than {v['farthest']:.2g} from its own nearest."
    ),
    "unknown_architecture": lambda v: "Which architecture the vectors come from is not known.",
    "other_architecture": lambda v: f"{_shape(v)}.",
    "other_kind": lambda v: (
        f"It is {_article(v['kind'])} {v['kind']}; the reference holds {listed(v['kinds'])}s only."
    ),
    "other_text": lambda v: (
        f"Measured on other text ({v['corpus']}) than the reference ({', '.join(v['corpora'])})."
    ),
    "less_text": lambda v: (
        f"Measured on {v['sequences']:,.0f} sequences, the reference on {v['reference']:,.0f}."
    ),
    "other_cells": lambda v: f"Its cells were measured on {sizes(v['samples'])}, which does not compare.",
    "mixed_texts": lambda v: (
        "Its measures are of different texts: "
        + listed(f"{title_of(name)} of {text}" for name, text in v["texts"].items())
        + "."
    ),
    "outside_interval": lambda v: (
        f"The known score {decimal(v['actual'])} lies outside the prediction interval, {decimal(v['low'])} "
        f"to {decimal(v['high'])}."
    ),
    "all_in_range": lambda v: "Every measure lies within the range of the reference.",
    "one_group": lambda v: "The reference has one group only, so there is no held-out error.",
    "near_known_base": lambda v: (
        "It lies among checkpoints of its own base that the reference holds: RMSE "
        f"{v['rmse']:.3f} in 10-fold cross-validation of such checkpoints."
    ),
    "unseen_group": lambda v: f"{_shape(v)}. {way_of(v['groups'], ten=v['ten'])} {_against(v)}.",
    "held_out_group": lambda v: (
        f"{v['group']} left out and predicted from the other groups ({v['n']} checkpoints): {_against(v)}."
    ),
}

_LABELS: dict[str, Words] = {
    "not_measured": lambda v: "not measured",
    "outside_range": lambda v: f"{title_of(v['measure'])} {_side(v)} range",
    "outside_joint_range": lambda v: "outside the joint range",
    "unknown_architecture": lambda v: "architecture unknown",
    "other_architecture": lambda v: "other architecture",
    "other_kind": lambda v: f"no {listed(v['kinds'])}",
    "other_text": lambda v: "other text",
    "less_text": lambda v: "less text",
    "other_cells": lambda v: "other text or size of cells",
    "mixed_texts": lambda v: "different texts",
}
