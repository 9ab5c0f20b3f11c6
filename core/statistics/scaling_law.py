"""The law of Hoffmann et al. 2022 (arXiv 2203.15556, Section 3.3), L = E + A/N^α + B/D^β, fitted to losses.

L is the loss, N the number of parameters, D that of training tokens. As there, a = ln A, b = ln B, e = ln E,
α and β minimise Σ Huber_δ(LSE(a − α ln N, b − β ln D, e) − ln L), δ = 1e-3, by L-BFGS from a grid of starts.
Unlike there, only the most promising of their 4,500 starts are followed (they are told apart by their
objective, which costs little), exponents are kept between 0 and 5, N and D are centred so that all directions
are of one scale, and the best end point is polished by least squares under the same Huber loss, because
L-BFGS stops early in the long flat valley between α and A.

Where the training tokens are not known, loss = E + A/N^α is fitted: a weaker law, and callers say so.

Not covered: intervals of the law's parameters, and laws with an interaction of N and D.
"""

from dataclasses import dataclass

import numpy as np

from core.errors import InputError

DELTA = 1e-3
FOLLOWED = 24  # starts that L-BFGS is run from, for 60 steps
FINISHED = 4  # of them that it is run to the end from
STEEPEST = 5.0  # exponent; below 0 loss would grow with size, which is no scaling law
_ALPHA = np.arange(0, 2.01, 0.5)
_SCALE = np.arange(0, 25.1, 5)
_FLOOR = np.arange(-1, 1.01, 0.5)


@dataclass(frozen=True)
class ScalingLaw:
    """A fitted law; B and beta are None for the form without training tokens."""

    E: float
    A: float
    alpha: float
    B: float | None
    beta: float | None
    n: int  # losses it was fitted to
    objective: float  # the sum of Huber losses of the residuals in logs
    starts: int  # that were followed

    def predict(self, parameters: np.ndarray, tokens: np.ndarray | None = None) -> np.ndarray:
        """The loss of models of these sizes. parameters, tokens: (n,) counts; returned: (n,)."""
        loss = self.E + self.A * np.asarray(parameters, np.float64) ** -self.alpha
        if self.B is None or self.beta is None:
            return loss
        return loss + self.B * np.asarray(tokens, np.float64) ** -self.beta

    @property
    def formula(self) -> str:
        """The law with its figures, as text."""
        size = f"{self.E:.3g} + {self.A:.3g}/N^{self.alpha:.3g}"
        return size if self.B is None else f"{size} + {self.B:.3g}/D^{self.beta:.3g}"


def unknowns(tokens: bool) -> int:
    """How many parameters the law has: 5, or 3 without training tokens."""
    return 5 if tokens else 3


def fit_law(
    loss: np.ndarray, parameters: np.ndarray, tokens: np.ndarray | None = None, *, delta: float = DELTA
) -> ScalingLaw:
    """Fit the law to n models.

    Arguments:
        loss: (n,) positive losses; parameters, tokens: (n,) positive counts; tokens None: the form without.

    Errors: InputError where a value is not positive, or where fewer different pairs of sizes are given than
    the law has unknowns.
    """
    from threadpoolctl import threadpool_limits

    L = np.asarray(loss, np.float64)
    sizes = [np.asarray(values, np.float64) for values in (parameters, tokens) if values is not None]
    _check(L, sizes)
    logs = np.log(np.stack(sizes))  # (terms, n)
    centre = logs.mean(1)
    data = _Data(logs - centre[:, None], np.log(L), delta)
    starts = _starts(data, centre)
    with threadpool_limits(1, user_api="blas"):  # on 5 × 5 systems threads only wait
        ends = sorted((_descend(data, start, 60) for start in starts), key=lambda end: end[0])
        best = min((_descend(data, theta, 500) for _, theta in ends[:FINISHED]), key=lambda end: end[0])
        value, theta = min(best, _polished(data, best[1]), key=lambda end: end[0])
    exponents = theta[data.terms : 2 * data.terms]
    scales = np.exp(theta[: data.terms] + exponents * centre)
    return ScalingLaw(
        E=float(np.exp(theta[-1])),
        A=float(scales[0]),
        alpha=float(exponents[0]),
        B=None if tokens is None else float(scales[1]),
        beta=None if tokens is None else float(exponents[1]),
        n=len(L),
        objective=value * delta**2,
        starts=len(starts),
    )


def _check(loss: np.ndarray, sizes: list[np.ndarray]) -> None:
    for name, values in zip(("losses", "parameters", "training tokens"), [loss, *sizes], strict=False):
        if not (values > 0).all() or not np.isfinite(values).all():
            raise InputError(
                f"A scaling law needs positive numbers, and some {name} are not: leave them out."
            )
    different = len(np.unique(np.column_stack(sizes), axis=0))
    needed = unknowns(len(sizes) == 2)
    if different < needed:
        raise InputError(
            f"The law has {needed} unknowns and these checkpoints {different} different "
            f"size{'s' if different > 1 else ''}: add checkpoints of other sizes."
        )


@dataclass(frozen=True)
class _Data:
    """What the law is fitted to. Its parameters θ (2·terms + 1,): scales a, b; exponents α, β; floor e."""

    X: np.ndarray  # (terms, n) centred logs of sizes
    y: np.ndarray  # (n,) logs of losses
    delta: float

    @property
    def terms(self) -> int:
        return len(self.X)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The lowest and the highest θ."""
        free, ones = np.full(self.terms, np.inf), np.ones(self.terms)
        return np.concatenate([-free, 0 * ones, [-np.inf]]), np.concatenate([free, STEEPEST * ones, [np.inf]])


def _summands(theta: np.ndarray, data: _Data) -> np.ndarray:
    """The logs of the law's summands, the floor last: (terms + 1, n)."""
    k = data.terms
    terms = theta[:k, None] - theta[k : 2 * k, None] * data.X
    return np.concatenate([terms, np.full((1, len(data.y)), theta[-1])])


def _residuals(theta: np.ndarray, data: _Data) -> np.ndarray:
    """ln of the law's loss, less ln of the model's: (n,)."""
    return np.logaddexp.reduce(_summands(theta, data)) - data.y


def _jacobian(theta: np.ndarray, data: _Data) -> np.ndarray:
    """Derivatives of the residuals, from the summands' shares of the loss: (n, 2·terms + 1)."""
    z = _summands(theta, data)
    share = np.exp(z - np.logaddexp.reduce(z))
    return np.concatenate([share[:-1], -share[:-1] * data.X, share[-1:]]).T


def _objective(theta: np.ndarray, data: _Data) -> tuple[float, np.ndarray]:
    """Σ Huber and its gradient, in units of δ², since L-BFGS would take sums of 1e-6 for converged."""
    from scipy.special import huber

    residual = _residuals(theta, data)
    gradient = np.clip(residual, -data.delta, data.delta) @ _jacobian(theta, data)
    return float(huber(data.delta, residual).sum()) / data.delta**2, gradient / data.delta**2


def _descend(data: _Data, start: np.ndarray, steps: int) -> tuple[float, np.ndarray]:
    """(objective, θ) that L-BFGS reaches from a start in at most so many steps."""
    from scipy.optimize import minimize

    bounds = list(zip(*data.bounds, strict=True))
    options = {"maxiter": steps}
    end = minimize(_objective, start, (data,), "L-BFGS-B", jac=True, bounds=bounds, options=options)
    return float(end.fun), end.x


def _polished(data: _Data, theta: np.ndarray) -> tuple[float, np.ndarray]:
    """(objective, θ) at which least squares under the same Huber loss ends from `theta`."""
    from scipy.optimize import least_squares

    lowest, highest = data.bounds
    end = least_squares(
        _residuals,
        np.clip(theta, lowest + 1e-9, highest - 1e-9),
        jac=_jacobian,
        bounds=data.bounds,
        loss="huber",
        f_scale=data.delta,
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
        max_nfev=200,
        args=(data,),
    )
    return _objective(end.x, data)[0], end.x


def _starts(data: _Data, centre: np.ndarray) -> list[np.ndarray]:
    """The most promising points θ of the grid of Hoffmann et al. centre: (terms,) that was taken off logs."""
    from scipy.special import huber

    k = data.terms
    axes = [_SCALE] * k + [_ALPHA] * k + [_FLOOR]
    theta = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2 * k + 1)
    theta[:, :k] -= theta[:, k : 2 * k] * centre  # a − α·mean(ln N) is the scale when centred
    # Whether a start is promising shows on a few models, spread over the sizes.
    rows = np.lexsort(data.X)[np.unique(np.linspace(0, len(data.y) - 1, 64).astype(int))]
    loss = np.broadcast_to(theta[:, -1:], (len(theta), len(rows)))
    for term, x in enumerate(data.X[:, rows]):
        loss = np.logaddexp(loss, theta[:, [term]] - theta[:, [k + term]] * x)
    cost = huber(data.delta, loss - data.y[rows]).sum(1)
    return [theta[index] for index in np.argsort(cost, kind="stable")[:FOLLOWED]]
