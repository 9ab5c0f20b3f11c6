"""Badges of the correlation of a measure and a score, and their reasons."""

import numpy as np
import pandas as pd

from core.evidence.correlations import evidence
from core.reasons import Reason


def group(name: str, n: int, slope: float, noise: float, seed: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame({"m": x + shift, "s": slope * x + noise * rng.normal(size=n) + shift, "family": name})


def test_holds_within_each_family() -> None:
    frame = pd.concat([group("a", 30, 1, 0.2, 0), group("b", 30, 1, 0.2, 1, shift=2)])
    expected = evidence(frame, "m", "s")
    assert expected.level == "holds" and not expected.simpson
    (reason,) = expected.reasons
    within = {name: [c.pearson, c.n] for name, c in expected.families.items()}
    assert reason == Reason("within_each_family", families=within, needed=10) and within["a"][0] > 0.9


def test_a_sign_that_flips_contradicts() -> None:
    expected = evidence(pd.concat([group("a", 30, 1, 0.2, 0), group("b", 30, -1, 0.2, 1)]), "m", "s")
    assert expected.level == "contradicted"
    (reason,) = expected.reasons
    assert reason.code == "sign_differs" and reason["r"]["a"] > 0.9 and reason["r"]["b"] < -0.9


def test_pooling_that_misleads_is_noticed() -> None:
    frame = pd.concat([group("a", 30, -1, 0.3, 0), group("b", 30, -1, 0.3, 1, shift=6)])
    expected = evidence(frame, "m", "s")
    assert expected.pooled.pearson > 0.5 and expected.simpson and expected.level == "partly"
    assert expected.reasons == (Reason("pooled_sign_differs"),)


def test_few_checkpoints_are_no_evidence() -> None:
    expected = evidence(group("a", 9, 1, 0.1, 0), "m", "s")
    assert expected.level == "unknown"
    assert expected.reasons == (Reason("too_few", n=9, needed=10),)


def test_an_interval_that_includes_zero_is_named() -> None:
    expected = evidence(group("a", 40, 0, 1, 0), "m", "s")
    c = expected.families["a"]
    assert expected.level == "partly" and c.pearson_low < 0 < c.pearson_high
    assert expected.reasons == (
        Reason("includes_zero", family="a", r=c.pearson, low=c.pearson_low, high=c.pearson_high, n=40),
    )


def test_small_families_alone_may_explain_everything() -> None:
    frame = pd.concat([group(name, 5, 1, 0.1, seed) for seed, name in enumerate("abc")])
    assert evidence(frame, "m", "s").reasons[0] == Reason("no_large_family", needed=10)


def test_a_family_in_which_nothing_varies_is_named() -> None:
    flat = group("a", 20, 1, 0.2, 0).assign(m=1.0)
    expected = evidence(pd.concat([flat, group("b", 20, 1, 0.2, 1).assign(m=2.0)]), "m", "s")
    assert expected.level == "partly"
    assert expected.reasons == (Reason("constant_families", families=["a", "b"]),)


def test_small_families_are_said_to_be_small() -> None:
    expected = evidence(pd.concat([group("a", 30, 1, 0.2, 0), group("tiny", 3, 1, 0.2, 1)]), "m", "s")
    assert expected.level == "holds"
    assert expected.reasons[-1] == Reason("small_families", families={"tiny": 3})
