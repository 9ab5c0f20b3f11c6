"""Evidence: correlations against SciPy, intervals, badges and the sentences that pages show."""

import numpy as np
import pandas as pd

from core.evidence.correlations import correlation, evidence, finding, interval


def group(name: str, n: int, slope: float, noise: float, seed: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame({"m": x + shift, "s": slope * x + noise * rng.normal(size=n) + shift, "family": name})


def test_holds_within_each_family() -> None:
    frame = pd.concat([group("a", 30, 1, 0.2, 0), group("b", 30, 1, 0.2, 1, shift=2)])
    known = evidence(frame, "m", "s")
    assert known.level == "holds" and not known.simpson
    assert known.reasons[0].startswith("Holds within each family of at least 10 checkpoints: r = +0.9")
    assert finding(known, "Spread", "GLUE") == "GLUE rises strongly with Spread, within each family too"


def test_a_sign_that_flips_contradicts() -> None:
    known = evidence(pd.concat([group("a", 30, 1, 0.2, 0), group("b", 30, -1, 0.2, 1)]), "m", "s")
    assert known.level == "contradicted"
    assert known.reasons[0].startswith("The sign flips between families: r = +0.9")
    assert "−0.9" in known.reasons[0]


def test_pooling_that_misleads_is_noticed() -> None:
    frame = pd.concat([group("a", 30, -1, 0.3, 0), group("b", 30, -1, 0.3, 1, shift=6)])
    known = evidence(frame, "m", "s")
    assert known.pooled.pearson > 0.5 and known.simpson and known.level == "partly"
    assert known.reasons == ("Pooled over families the sign is the opposite of the sign within them.",)
    assert finding(known, "M", "S") == "Within families S falls with M, although pooled over them it rises"


def test_few_checkpoints_are_no_evidence() -> None:
    known = evidence(group("a", 9, 1, 0.1, 0), "m", "s")
    assert known.level == "unknown"
    assert known.reasons == ("Fewer than 10 checkpoints have both values (9).",)
    assert finding(known, "M", "S") == "Too few checkpoints to relate S to M"


def test_no_correlation_is_called_none() -> None:
    known = evidence(group("a", 40, 0, 1, 0), "m", "s")
    assert finding(known, "M", "S") == "M says little about S: the correlation cannot be told from zero"


def test_a_family_in_which_nothing_varies_is_named() -> None:
    flat = group("a", 20, 1, 0.2, 0).assign(m=1.0)
    known = evidence(pd.concat([flat, group("b", 20, 1, 0.2, 1).assign(m=2.0)]), "m", "s")
    assert known.level == "partly"
    assert known.reasons == ("Within a, b one of the two does not vary.",)


def test_small_families_are_said_to_be_small() -> None:
    known = evidence(pd.concat([group("a", 30, 1, 0.2, 0), group("tiny", 3, 1, 0.2, 1)]), "m", "s")
    assert known.level == "holds"
    assert known.reasons[-1] == "Too few checkpoints to tell for tiny (n = 3)."


def test_the_caption_says_n_r_and_interval() -> None:
    known = correlation(*np.random.default_rng(4).normal(size=(2, 50)))
    r, low, high = (f"{v:+.2f}" for v in (known.pearson, known.pearson_low, known.pearson_high))
    assert interval(known) == f"n = 50, r = {r} (95 % interval {low} to {high})".replace("-", "−")
    assert interval(correlation(np.ones(5), np.ones(5))) == "n = 5, r undefined"
    assert (
        interval(correlation(np.arange(3.0), np.arange(3.0))) == "n = 3, r = +1.00 (too few for an interval)"
    )
