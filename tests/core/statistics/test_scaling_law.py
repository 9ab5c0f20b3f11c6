"""The scaling law: planted parameters come back, outliers do not pull, and what cannot be fitted says why."""

import numpy as np
import pytest

from core.errors import InputError
from core.statistics.scaling_law import fit_law

N = np.repeat([4e6, 8e6, 16e6, 28e6, 40e6, 75e6], 4)
D = np.tile([8e9, 32e9, 64e9, 128e9], 6)


def chinchilla(parameters: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Hoffmann et al. 2022, Eq. 10."""
    return 1.69 + 406.4 / parameters**0.34 + 410.7 / tokens**0.28


def test_planted_parameters_come_back() -> None:
    law = fit_law(chinchilla(N, D), N, D)
    result = [law.E, law.A, law.alpha, law.B, law.beta]
    assert result == pytest.approx([1.69, 406.4, 0.34, 410.7, 0.28], rel=1e-6)
    assert law.predict(N, D) == pytest.approx(chinchilla(N, D), abs=1e-9)
    assert law.n == 24 and law.starts > 10
    assert law.formula == "1.69 + 406/N^0.34 + 411/D^0.28"


def test_without_tokens_the_shorter_law_is_fitted() -> None:
    law = fit_law(0.3 + 20 / N**0.3, N)
    assert [law.E, law.A, law.alpha] == pytest.approx([0.3, 20, 0.3], rel=1e-6)
    assert law.B is None and law.beta is None and law.formula == "0.3 + 20/N^0.3"
    assert law.predict(N) == pytest.approx(0.3 + 20 / N**0.3, abs=1e-9)


def test_a_wild_loss_does_not_pull_the_law() -> None:
    loss = chinchilla(N, D)
    loss[5] *= 1.5
    law = fit_law(loss, N, D)
    others = np.arange(24) != 5
    assert law.predict(N, D)[others] == pytest.approx(loss[others], rel=2e-3)


def test_noise_moves_predictions_little_and_twice_gives_the_same() -> None:
    loss = chinchilla(N, D) * np.exp(0.002 * np.random.default_rng(0).normal(size=24))
    law = fit_law(loss, N, D)
    assert law == fit_law(loss, N, D)
    assert law.predict(N, D) == pytest.approx(chinchilla(N, D), rel=5e-3)


def test_the_fit_is_no_worse_than_the_truth() -> None:
    loss = chinchilla(N, D) * np.exp(0.02 * np.random.default_rng(1).normal(size=24))
    residual = np.abs(np.log(loss) - np.log(chinchilla(N, D)))
    huber = np.where(residual <= 1e-3, residual**2 / 2, 1e-3 * (residual - 5e-4)).sum()
    assert fit_law(loss, N, D).objective <= huber


def test_loss_never_grows_with_size() -> None:
    law = fit_law(np.repeat([0.3, 0.4, 0.5, 0.6], 5), np.repeat([1e6, 1e7, 1e8, 1e9], 5))
    assert (np.diff(law.predict(np.array([1e6, 1e7, 1e8, 1e9]))) <= 1e-9).all()


@pytest.mark.parametrize(
    ("loss", "parameters", "message"),
    [
        (
            [1.0, 2.0, 0.0],
            [1e6, 2e6, 3e6],
            "A scaling law needs positive numbers, and some losses are not: leave them out.",
        ),
        (
            [1.0, 2.0, 2.5],
            [1e6, 2e6, 2e6],
            "The law has 3 unknowns and these checkpoints 2 different sizes: add checkpoints of other sizes.",
        ),
    ],
)
def test_what_cannot_be_fitted_says_why(loss: list, parameters: list, message: str) -> None:
    with pytest.raises(InputError) as caught:
        fit_law(np.array(loss), np.array(parameters))
    assert str(caught.value) == message
