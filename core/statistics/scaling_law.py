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
    from scipy.optimize import least_squares, minimize

    L = np.asarray(loss, np.float64)
    sizes = [np.asarray(parameters, np.float64)] + (
        [] if tokens is None else [np.asarray(tokens, np.float64)]
    )
    for name, values in zip(("losses", "parameters", "training tokens"), [L, *sizes], strict=False):
        if not (values > 0).all() or not np.isfinite(values).all():
            raise InputError(
                f"A scaling law needs positive numbers, and some {name} are not: leave them out."
            )
    different = len(np.unique(np.column_stack(sizes), axis=0))
    needed = unknowns(tokens is not None)
    if different < needed:
        raise InputError(
            f"The law has {needed} unknowns and these checkpoints {different} different "
            f"size{'s' if different > 1 else ''}: add checkpoints of other sizes."
        )
    logs = np.log(np.stack(sizes))  # (terms, n)
    centre = logs.mean(1, keepdims=True)
    X, y, terms = logs - centre, np.log(L), len(sizes)

    def parts(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residuals in logs (n,), and each term's share of the loss (terms + 1, n)."""
        z = np.empty((terms + 1, len(y)))
        z[:terms] = theta[:terms, None] - theta[terms : 2 * terms, None] * X
        z[terms] = theta[-1]
        top = z.max(0)
        share = np.exp(z - top)
        total = share.sum(0)
        return top + np.log(total) - y, share / total

    def jacobian(theta: np.ndarray) -> np.ndarray:
        share = parts(theta)[1]
        return np.concatenate([share[:terms], -share[:terms] * X, share[terms:]]).T

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        # In units of δ², since L-BFGS would take sums of squares of 1e-6 for converged.
        residual, share = parts(theta)
        pull = np.clip(residual, -delta, delta) * share / delta**2
        gradient = np.concatenate([pull[:terms].sum(1), -(pull[:terms] * X).sum(1), pull[terms:].sum(1)])
        return float(_huber(residual, delta).sum()) / delta**2, gradient

    lowest = np.array([-np.inf] * terms + [0.0] * terms + [-np.inf])
    highest = np.array([np.inf] * terms + [STEEPEST] * terms + [np.inf])

    def descend(start: np.ndarray, steps: int) -> tuple[float, np.ndarray]:
        found = minimize(
            objective,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(lowest, highest, strict=True)),
            options={"maxiter": steps},
        )
        return float(found.fun), found.x

    starts = _starts(centre[:, 0], X, y, delta)
    ends = sorted((descend(start, 60) for start in starts), key=lambda end: end[0])
    value, theta = min((descend(end, 500) for _, end in ends[:FINISHED]), key=lambda end: end[0])
    polished = least_squares(
        lambda theta: parts(theta)[0],
        np.clip(theta, lowest + 1e-9, highest - 1e-9),
        jac=jacobian,
        bounds=(lowest, highest),
        loss="huber",
        f_scale=delta,
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
        max_nfev=200,
    ).x
    if (again := objective(polished)[0]) < value:
        value, theta = again, polished
    exponents = theta[terms : 2 * terms]
    scales = np.exp(theta[:terms] + exponents * centre[:, 0])
    return ScalingLaw(
        E=float(np.exp(theta[-1])),
        A=float(scales[0]),
        alpha=float(exponents[0]),
        B=float(scales[1]) if terms == 2 else None,
        beta=float(exponents[1]) if terms == 2 else None,
        n=len(L),
        objective=value * delta**2,
        starts=len(starts),
    )


def _huber(residual: np.ndarray, delta: float) -> np.ndarray:
    far = np.abs(residual)
    return np.where(far <= delta, residual**2 / 2, delta * (far - delta / 2))


def _starts(centre: np.ndarray, X: np.ndarray, y: np.ndarray, delta: float) -> list[np.ndarray]:
    """The most promising points of the grid of Hoffmann et al., in centred parameters.

    centre: (terms,); X: (terms, n) centred logs; y: (n,) log losses.
    """
    terms = len(centre)
    axes = [_SCALE] * terms + [_ALPHA] * terms + [_FLOOR]
    theta = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2 * terms + 1)
    theta[:, :terms] -= theta[:, terms : 2 * terms] * centre  # a − α·mean(ln N) is the scale when centred
    # Whether a start is promising shows on a few models, spread over the sizes.
    rows = np.lexsort(X)[np.unique(np.linspace(0, len(y) - 1, 64).astype(int))]
    loss = np.broadcast_to(theta[:, -1:], (len(theta), len(rows)))
    for term in range(terms):
        loss = np.logaddexp(loss, theta[:, [term]] - theta[:, [terms + term]] * X[term, rows])
    cost = _huber(loss - y[rows], delta).sum(1)
    return [theta[index] for index in np.argsort(cost, kind="stable")[:FOLLOWED]]
