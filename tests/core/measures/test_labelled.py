"""Measures of labels: their formulas evaluated directly, their invariances, chance, and what is refused."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import special_ortho_group
from sklearn.covariance import ledoit_wolf

from core.errors import InputError
from core.measures import MEASURES
from core.measures.families import labelled as family
from core.measures.labelled import NAMES, Labelled, estimate, measure_labelled
from core.measures.labels import Labels, labels_of

RNG = np.random.default_rng(0)
N, D = 60, 8


def separable(n: int = N, d: int = D, shift: float = 1.0, seed: int = 0) -> tuple[np.ndarray, Labels]:
    """Vectors of three classes whose means differ along one direction, not centred."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    vectors = rng.standard_normal((n, d)) + 2
    vectors[:, 0] += shift * codes
    return vectors, Labels(codes, ("a", "b", "c"))


def near_singular(n: int, d: int) -> np.ndarray:
    """Vectors whose singular values fall from 1 to 1e-8, with one direction not used at all."""
    rng = np.random.default_rng(1)
    left, right = (np.linalg.qr(rng.standard_normal((size, min(n, d))))[0] for size in (n, d))
    singular = np.geomspace(1, 1e-8, min(n, d))
    singular[-1] = 0
    return left * singular @ right.T


def log_evidence(features: np.ndarray, y: np.ndarray, alpha: float, beta: float) -> float:
    """Equation 2 of You et al. 2021, as printed, with a dense matrix."""
    n, d = features.shape
    A = alpha * np.eye(d) + beta * features.T @ features
    m = beta * np.linalg.solve(A, features.T @ y)
    residual = features @ m - y
    return float(
        n / 2 * math.log(beta)
        + d / 2 * math.log(alpha)
        - n / 2 * math.log(2 * math.pi)
        - beta / 2 * residual @ residual
        - alpha / 2 * m @ m
        - np.linalg.slogdet(A)[1] / 2
    )


def brute_force(features: np.ndarray, y: np.ndarray) -> float:
    """The largest evidence / n that a search over (ln α, ln β) finds from many starts."""

    def loss(logs: np.ndarray) -> float:
        return -log_evidence(features, y, *np.exp(logs)) / len(y)

    starts = [(a, b) for a in np.arange(-9, 28, 4.0) for b in (-2.0, 1.0, 4.0)]
    options = {"xatol": 1e-7, "fatol": 1e-12, "maxiter": 4000}
    found = sorted(starts, key=lambda start: loss(np.array(start)))[:4]
    return -min(minimize(loss, start, method="Nelder-Mead", options=options).fun for start in found)


def value(name: str, vectors: np.ndarray, labels: Labels) -> float:
    return measure_labelled(vectors, labels, [name])[0][name].value


CASES = {
    "random": RNG.standard_normal((N, D)) + 1,
    "as many columns as rows": RNG.standard_normal((40, 40)),
    "more columns than rows": RNG.standard_normal((30, 50)),
    "near-singular": near_singular(N, D),
}


@pytest.mark.parametrize("features", CASES.values(), ids=list(CASES))
def test_logme_is_the_largest_evidence(features: np.ndarray) -> None:
    n = len(features)
    codes = np.random.default_rng(2).permutation(np.arange(n) % 3)
    expected = np.mean([brute_force(features, (codes == code).astype(float)) for code in range(3)])
    labels = Labels(codes, ("a", "b", "c"))
    assert value("logme", features, labels) == pytest.approx(expected, abs=1e-6)
    numbers = features @ np.linspace(1, 2, features.shape[1]) + np.random.default_rng(3).standard_normal(n)
    assert value("logme", features, Labels(numbers)) == pytest.approx(
        brute_force(features, numbers), abs=1e-6
    )


def test_logme_has_no_maximum_where_repeated_rows_reproduce_labels() -> None:
    features = np.random.default_rng(0).standard_normal((30, 50))
    features[1] = features[0]
    codes = np.arange(30) // 15
    values, undefined, _ = measure_labelled(features, Labels(codes, ("a", "b")), ["logme"])
    assert values == {}
    assert undefined["logme"] == (
        "LogME has no maximum: fewer directions than the 30 rows reproduce the labels; leave out rows that "
        "repeat others, or give more rows."
    )
    codes[1] = 1  # a row and its copy of another class: not reproduced
    assert math.isfinite(value("logme", features, Labels(codes, ("a", "b"))))
    exact = np.random.default_rng(0).standard_normal((30, 5))
    assert "logme" in measure_labelled(exact, Labels(exact @ np.ones(5)), ["logme"])[1]


@pytest.mark.parametrize("features", CASES.values(), ids=list(CASES))
def test_h_score_is_that_of_dense_covariances(features: np.ndarray) -> None:
    n = len(features)
    codes = np.random.default_rng(2).permutation(np.arange(n) % 3)
    means = np.array([features[codes == code].mean(axis=0) for code in range(3)])[codes]
    shrunk, shrinkage = ledoit_wolf(features)
    expected = (1 - shrinkage) * np.trace(np.linalg.pinv(shrunk) @ np.cov(means.T, bias=True))
    assert value("h_score", features, Labels(codes, ("a", "b", "c"))) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("d", [D, 2 * N])
def test_logme_and_h_score_are_invariant_under_rotation(d: int) -> None:
    vectors, labels = separable(d=d)
    rotated = vectors @ special_ortho_group(d, seed=1).rvs()
    for name in ("logme", "h_score", "knn_accuracy"):
        assert value(name, rotated, labels) == pytest.approx(value(name, vectors, labels), abs=1e-9)
    scaled = vectors * 7
    assert value("h_score", scaled, labels) == pytest.approx(value("h_score", vectors, labels), abs=1e-9)
    assert value("h_score", vectors + 5, labels) == pytest.approx(value("h_score", vectors, labels), abs=1e-9)
    assert value("logme", vectors + 5, labels) != pytest.approx(value("logme", vectors, labels), abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_shuffled_labels_give_chance_and_separable_ones_more(name: str) -> None:
    vectors, labels = separable(300, 20, shift=2)
    shuffled = [
        value(name, vectors, Labels(np.random.default_rng(seed).permutation(labels.values), labels.classes))
        for seed in range(6)
    ]
    noise = np.random.default_rng(9).standard_normal(vectors.shape)
    noise += vectors.mean(axis=0)  # vectors that know nothing of the labels
    nothing = [value(name, np.random.default_rng(seed).permutation(noise), labels) for seed in range(6)]
    spread = np.std(shuffled + nothing)
    assert np.mean(shuffled) == pytest.approx(np.mean(nothing), abs=3 * spread)
    assert value(name, vectors, labels) > np.mean(shuffled) + 8 * spread
    if name.startswith(("knn", "probe")):
        assert np.mean(shuffled) == pytest.approx(1 / 3, abs=0.06)


def test_neighbours_are_others_and_of_equal_votes_the_nearest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    angles = np.array([0, 1, 3, 50, 52, 55, 90, 91, 93, 120, 122, 125]) * np.pi / 180
    vectors = np.column_stack([np.cos(angles), np.sin(angles)])
    codes = np.array([0, 0, 1] * 4)
    monkeypatch.setattr(family, "NEIGHBOURS", 2)
    expected = []
    for row in range(12):
        order = [other for other in np.argsort(np.abs(angles - angles[row])) if other != row][:2]
        first, second = codes[order]
        expected.append((first if first != second else second) == codes[row])
    measured = measure_labelled(vectors, Labels(codes, ("a", "b")), ["knn_accuracy"])[0]["knn_accuracy"]
    assert measured.value == pytest.approx(np.mean(expected))
    assert measured.standard_error == pytest.approx(np.std(expected) / math.sqrt(12))


def test_numbers_have_a_logme_and_a_probe_and_the_rest_says_why_not() -> None:
    vectors = np.random.default_rng(0).standard_normal((200, 6))
    numbers = vectors @ np.arange(6) + np.random.default_rng(1).standard_normal(200)
    values, undefined, seconds = measure_labelled(vectors, labels_of(list(numbers)))
    assert list(values) == ["logme", "probe_score"] and set(seconds) == set(NAMES)
    assert undefined == {
        "h_score": "The H-score is defined for classes; these labels are numbers.",
        "knn_accuracy": "The share of right classes is defined for classes; these labels are numbers.",
    }
    share = 1 - 1 / (1 + np.square(np.arange(6)).sum())
    assert values["probe_score"].value == pytest.approx(share, abs=0.01)
    shuffled = measure_labelled(vectors, Labels(np.random.default_rng(2).permutation(numbers)))[0]
    assert abs(shuffled["probe_score"].value) < 0.1 and shuffled["logme"].value < values["logme"].value - 1


@pytest.mark.parametrize("name", NAMES)
def test_a_standard_error_is_the_spread_over_fresh_rows(name: str) -> None:
    measured = [measure_labelled(*separable(150, 10, seed=seed), [name])[0][name] for seed in range(40)]
    spread = np.std([one.value for one in measured], ddof=1)
    error = np.median([one.standard_error for one in measured])
    assert 0.6 < error / spread < 1.7


def test_the_same_seed_gives_the_same_bits_and_the_seed_matters() -> None:
    vectors, labels = separable()
    first, again = (measure_labelled(vectors, labels)[0] for _ in range(2))
    other = measure_labelled(vectors, labels, seed=1)[0]
    assert first == again
    assert other["logme"].value == first["logme"].value
    assert other["logme"].standard_error != first["logme"].standard_error


def test_halves_hold_half_of_each_class_once() -> None:
    labels = Labels(np.repeat([0, 1, 2], [5, 6, 30]), ("a", "b", "c"))
    for half in Labelled(np.zeros((41, 2)), labels).halves:
        counts = np.bincount(labels.values[half])
        assert len(set(half)) == len(half) and np.all(np.abs(counts - np.array([2.5, 3, 15])) <= 1)


def test_every_layer_and_their_mean_are_estimated_in_one_table() -> None:
    vectors, labels = separable()
    layers = np.stack([np.random.default_rng(5).standard_normal(vectors.shape), vectors]).astype(np.float32)
    stages: list[tuple[object, ...]] = []
    words = [labels.classes[code] for code in labels.values]
    frame = estimate(layers, words, ["logme", "probe_score"], progress=lambda *far: stages.append(far))
    assert frame["layer"].tolist() == [0, 0, 1, 1, "mean", "mean"]
    assert frame["measure"].tolist() == ["logme", "probe_score"] * 3
    assert (frame["seconds"] > 0).all() and frame[["value", "standard_error"]].notna().all(axis=None)
    by_layer = frame.set_index(["measure", "layer"])["value"]
    assert by_layer["logme", 1] == value("logme", layers[1], labels)
    assert by_layer["logme", "mean"] == pytest.approx(value("logme", layers.mean(axis=0), labels), abs=1e-6)
    assert [far[1:] for far in stages] == [(0, 3, "layers"), (1, 3, "layers"), (2, 3, "layers")]


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (["a"] * 19, "auto", "label has too few rows, 19: give at least 20, better 200."),
        (
            ["a", "b"] * 1001,
            "auto",
            "label has 2,002 rows: give at most 2,000, for example a random sample of them.",
        ),
        (["a"] * 30, "auto", "label is a in all 30 rows: give rows of at least two classes."),
        ([1.5] * 30, "auto", "label is 1.5 in all 30 rows: labels must differ to be predicted."),
        (
            ["a", None, "b", math.nan, " "] * 6,
            "auto",
            "label has no value in rows 2, 4, 5 and 15 more: fill what is missing or leave those rows out.",
        ),
        (
            [f"c{row}" for row in range(30)],
            "auto",
            "label has a class of its own in each of 30 rows: give at least 5 rows of each class.",
        ),
        (
            list(range(30)),
            "auto",
            "label has a class of its own in each of 30 rows: give at least 5 rows of each class, or say "
            "that labels are numbers (--label-kind numbers).",
        ),
        (
            ["a"] * 20 + ["b"] * 4 + ["c"],
            "auto",
            "label has classes of fewer than 5 rows, c (1), b (4): give more rows of them or leave them out.",
        ),
        (
            [0.5] * 29 + ["x"],
            "numbers",
            "label holds 'x', which is no finite number: correct it.",
        ),
        (["a", "b"] * 20, "ranks", "There is no kind of label ranks: give one of auto, classes, numbers."),
    ],
)
def test_labels_that_cannot_be_used_are_refused_in_a_sentence(
    values: list[object], kind: str, message: str
) -> None:
    with pytest.raises(InputError) as refusal:
        labels_of(values, kind)
    assert str(refusal.value) == message


def test_what_labels_are_is_read_off_them() -> None:
    assert labels_of([1.0, 2.0] * 10).classes == ("1", "2")
    assert labels_of([True, False] * 10).classes == ("False", "True")
    assert labels_of([0.5, 2.0] * 10).classes == ()
    assert labels_of([1, 2, 3, 4] * 5, "numbers").values.tolist() == [1, 2, 3, 4] * 5
    classes = labels_of(["b", "a"] * 10)
    assert (classes.values[:2].tolist(), classes.counts.tolist()) == ([1, 0], [10, 10])
    digests = {labels_of(given, kind).digest for given, kind in LABELLINGS}
    assert len(digests) == len(LABELLINGS)
    assert labels_of(["1", "2"] * 10).digest == labels_of([1, 2] * 10).digest


LABELLINGS = (
    (["b", "a"] * 10, "auto"),
    (["a", "b"] * 10, "auto"),
    ([1, 2] * 10, "classes"),
    ([1, 2] * 10, "numbers"),
)


def test_vectors_and_labels_that_do_not_belong_together_are_refused() -> None:
    vectors, labels = separable()
    with pytest.raises(InputError) as refusal:
        measure_labelled(vectors[:-1], labels)
    assert str(refusal.value) == (
        "60 labels and vectors of shape (59, 8) do not belong together: give a vector for each label."
    )
    vectors[3, 3] = np.nan
    with pytest.raises(InputError, match="Some vectors hold NaN"):
        measure_labelled(vectors, labels)


def test_equal_vectors_say_nothing_and_do_not_stop_the_others() -> None:
    labels = separable()[1]
    values, undefined, _ = measure_labelled(np.ones((N, D)), labels)
    assert undefined == {"h_score": "The H-score is undefined: all vectors are equal."}
    assert values["probe_score"].value == pytest.approx(1 / 3, abs=0.02)
    zeros = measure_labelled(np.zeros((N, D)), labels)[1]
    assert zeros["logme"] == "LogME is undefined: all vectors are zero."


def test_values_lie_in_the_ranges_that_the_entries_state() -> None:
    for shift in (0, 50):
        for name, one in measure_labelled(*separable(shift=shift))[0].items():
            assert MEASURES[name].low <= one.value <= MEASURES[name].high
            assert one.note == "60 rows of 3 classes, 0.333 of them in the largest"
    assert value("h_score", *separable(shift=50)) <= 2
