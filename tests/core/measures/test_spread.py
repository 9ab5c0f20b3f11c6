"""Spread: against SciPy, scikit-learn and IsoScore, closed forms, and what changes it and what does not."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import differential_entropy
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from core import blocks as rows
from core.errors import InputError
from core.measures import cloud as cloud_module
from core.measures import measure, measure_detailed
from core.measures.entropy import entropy

CENTRED = ["eee", "vrm", "isoscore"]
RANK = ["effective_rank", "effective_rank_ratio"]


@pytest.fixture(params=["direct", "gram"])
def route(request, monkeypatch):
    """Spectra of the vectors themselves, or of their Gram matrix summed over several blocks."""
    if request.param == "gram":
        monkeypatch.setattr(cloud_module, "DIRECT_ELEMENTS", 0)
        monkeypatch.setattr(rows, "BLOCK_ELEMENTS", 2000)
        monkeypatch.setattr(cloud_module, "STRIP_ROWS", 64)


def cloud(seed: int = 0, n: int = 400, d: int = 12, offset: float = 3.0) -> np.ndarray:
    """Vectors of a steep spectrum and bent, unequal marginals, away from the origin: (n, d) float64."""
    random = np.random.default_rng(seed)
    bent = np.sign(random.standard_normal((n, d))) * random.gamma(np.linspace(0.5, 4, d), size=(n, d))
    return bent @ random.standard_normal((d, d)) + offset * random.standard_normal(d)


def rotation(d: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(99).standard_normal((d, d)))[0]


def with_spectrum(variances: np.ndarray, n: int) -> np.ndarray:
    """A centred (n, d) cloud whose covariance has exactly these eigenvalues."""
    d = len(variances)
    random = np.random.default_rng(3).standard_normal((n, d))
    basis = np.linalg.qr(random - random.mean(axis=0))[0]
    return basis * np.sqrt(n * np.asarray(variances)) @ rotation(d)


def sklearn_eee(vectors: np.ndarray) -> float:
    """The definition, over scikit-learn's explained variances."""
    variances = PCA(svd_solver="full").fit(vectors).explained_variance_
    gap = np.cumsum(variances) - np.arange(1, len(variances) + 1) * variances.mean()
    return float(((gap[1:] + gap[:-1]) / 2).sum() / (len(variances) * variances.sum() / 2))


def scipy_vrm(vectors: np.ndarray) -> float:
    """The definition, over scikit-learn's scores and SciPy's entropy."""
    scores = PCA(svd_solver="full").fit_transform(vectors)
    scores *= math.sqrt(vectors.shape[1] / scores.var(axis=0).sum())
    with np.errstate(divide="ignore"):
        ratios = np.exp(differential_entropy(scores)) / math.sqrt(2 * math.pi * math.e)
    return float(((1 - ratios) ** 2).mean())


@pytest.mark.parametrize("kind", ["f", "d"])
@pytest.mark.parametrize("offset", [0.0, 3.0, 1000.0])
def test_eee_agrees_with_scikit_learn(route, kind, offset):
    vectors = cloud(offset=offset).astype(kind)
    assert measure(vectors, ["eee"])["eee"] == pytest.approx(sklearn_eee(vectors.astype(float)), abs=1e-9)


@pytest.mark.parametrize("kind", ["f", "d"])
@pytest.mark.parametrize("n", [60, 1000, 1001, 3000])
def test_vrm_agrees_with_scipy(route, kind, n):
    vectors = cloud(n=n).astype(kind)
    assert measure(vectors, ["vrm"])["vrm"] == pytest.approx(scipy_vrm(vectors.astype(float)), abs=1e-9)


@pytest.mark.parametrize("kind", ["e", "f", "d"])
def test_isoscore_agrees_with_its_authors_package(route, kind):
    from IsoScore.IsoScore import IsoScore

    vectors = cloud().astype(kind)
    theirs = float(IsoScore(vectors.astype(float)))
    assert measure(vectors, ["isoscore"])["isoscore"] == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("kind", ["f", "d"])
def test_effective_rank_agrees_with_singular_values(route, kind):
    vectors = cloud(offset=30).astype(kind)
    shares = np.linalg.svd(vectors.astype(float), compute_uv=False)
    shares /= shares.sum()
    rank = math.exp(-(shares * np.log(shares)).sum())
    assert measure(vectors, RANK) == pytest.approx({RANK[0]: rank, RANK[1]: rank / 12}, rel=1e-9)


@given(seed=st.integers(0, 2**32), n=st.sampled_from([5, 7, 10, 11, 12, 100, 999, 1000, 1001, 2500]))
@settings(max_examples=40, deadline=None)
def test_entropy_agrees_with_scipy_at_every_sample_size(seed, n):
    values = np.sort(np.random.default_rng(seed).gamma(1.5, size=n))
    assert entropy(values) == pytest.approx(float(differential_entropy(values)), abs=1e-9)


def test_float32_scores_move_vrm_by_less_than_1e_6(monkeypatch):
    vectors = cloud(n=20000, d=8, offset=50).astype(np.float32)
    exact = measure(vectors, ["vrm"])["vrm"]
    monkeypatch.setattr(rows, "DOUBLE_ELEMENTS", 0)
    rounded = measure(vectors, ["vrm"])["vrm"]
    assert rounded == pytest.approx(exact, abs=1e-6)
    assert rounded != exact


@pytest.mark.parametrize("d", [2, 5, 12])
def test_equal_variances_are_even_and_a_line_is_not(route, d):
    even = measure(with_spectrum(np.ones(d), 300), ["eee", "isoscore", *RANK])
    assert even == pytest.approx({"eee": 0, "isoscore": 1, RANK[0]: d, RANK[1]: 1}, abs=1e-9)
    line = np.outer(np.linspace(-1, 2, 300), np.arange(1.0, d + 1))
    assert measure(line, ["eee", "isoscore", *RANK]) == pytest.approx(
        {"eee": ((d - 1) / d) ** 2, "isoscore": 0, RANK[0]: 1, RANK[1]: 1 / d}, abs=1e-9
    )


def test_a_known_spectrum_gives_known_values(route):
    """Variances 3, 1: cumsum 3, 4 against 2, 4, trapezoid ½ over 2·4/2; PR = 16/10."""
    values = measure(with_spectrum(np.array([3.0, 1.0]), 300), ["eee", "isoscore"])
    assert values == pytest.approx({"eee": 0.5 / 4, "isoscore": 0.6}, abs=1e-9)


def test_a_normal_cloud_has_vrm_near_0_and_a_flat_one_more():
    random = np.random.default_rng(5)
    normal, uniform = random.standard_normal((20000, 3)), random.uniform(size=(20000, 1))
    assert measure(normal, ["vrm"])["vrm"] < 1e-3
    # A uniform distribution of variance 1 has e^H = √12.
    expected = (1 - math.sqrt(12 / (2 * math.pi * math.e))) ** 2
    assert measure(uniform, ["vrm"])["vrm"] == pytest.approx(
        expected, abs=5e-3
    )  # the estimate is biased by m/n


def test_what_leaves_the_spread_alone_and_what_does_not(route):
    vectors = cloud()
    before = measure(vectors, [*CENTRED, *RANK])
    for name, changed in {
        "rotation": vectors @ rotation(12),
        "permutation": np.random.default_rng(0).permutation(vectors),
        "scale": -40 * vectors,
    }.items():
        assert measure(changed, [*CENTRED, *RANK]) == pytest.approx(before, rel=1e-8), name
    shifted = measure(vectors + 10, [*CENTRED, *RANK])
    assert [shifted[name] for name in CENTRED] == pytest.approx([before[name] for name in CENTRED], rel=1e-8)
    assert before["effective_rank"] - shifted["effective_rank"] > 0.1, "the effective rank is not centred"
    stretched = measure(vectors * np.linspace(1, 5, 12), [*CENTRED, *RANK])
    assert all(abs(stretched[name] - before[name]) > 1e-3 for name in before)


def test_vrm_sees_shape_where_variances_do_not():
    """The same covariance with two-peaked marginals: eee and isoscore cannot tell, vrm does."""
    random = np.random.default_rng(6)
    signs, normal = np.sign(random.standard_normal((5000, 3))), random.standard_normal((5000, 3))
    peaked = np.linalg.qr(signs + 0.1 * normal)[0]
    smooth = np.linalg.qr(normal)[0]
    stretch = np.diag([3.0, 2.0, 1.0])
    a, b = (measure((x - x.mean(axis=0)) @ stretch, CENTRED) for x in (peaked, smooth))
    assert a["eee"] == pytest.approx(b["eee"], abs=1e-2)
    assert a["vrm"] > b["vrm"] + 0.1


@pytest.mark.parametrize("n", [5, 8, 9])
def test_few_vectors_follow_the_authors_pca_and_say_so(n):
    vectors = cloud(n=n, d=9)
    measured = measure_detailed(vectors, [*CENTRED, *RANK])
    assert measured["eee"].value == pytest.approx(sklearn_eee(vectors), abs=1e-9)
    note = f"from {n} principal components: there are only {n} vectors in 9 dimensions"
    assert measured["eee"].note == note
    assert measured["vrm"].note.startswith(note)
    assert measured["vrm"].value == pytest.approx(scipy_vrm(vectors), abs=1e-9)
    assert measured["effective_rank_ratio"].value == pytest.approx(measured["effective_rank"].value / n)
    assert measure_detailed(cloud(n=10, d=9), ["eee"])["eee"].note is None


def test_repeated_vectors_make_vrm_1_however_they_are_rounded(route, monkeypatch):
    """More copies of one vector than a window is wide: the entropy along every component is −∞."""
    vectors = cloud(n=1500)
    vectors[:200] = vectors[0]
    vectors = np.random.default_rng(0).permutation(vectors).astype(np.float32)
    for elements in (0, 2**22):
        monkeypatch.setattr(rows, "DOUBLE_ELEMENTS", elements)
        measured = measure_detailed(vectors, ["vrm"])["vrm"]
        assert measured.value == 1
        assert measured.note == "scores coincide along 12 of 12 components, whose entropy is minus infinity"


def test_each_vector_twice_is_the_same_spread(route):
    vectors = cloud(n=1200)
    once, twice = (measure(x, [*CENTRED, *RANK]) for x in (vectors, np.repeat(vectors, 2, axis=0)))
    assert twice == pytest.approx({**once, "vrm": twice["vrm"]}, rel=1e-9)
    assert twice["vrm"] == pytest.approx(once["vrm"], rel=0.05)


def test_small_singular_values_are_kept_down_to_the_stated_size(monkeypatch):
    """The Gram route keeps a singular value of 1e-6 of the largest, and says that it lost one of 1e-8."""
    base = np.linalg.qr(np.random.default_rng(1).standard_normal((500, 4)))[0]
    kept, lost = (base * np.array([1, 0.5, 0.1, last]) @ rotation(4) for last in (1e-6, 1e-8))
    exact = [measure(x, RANK)["effective_rank"] for x in (kept, lost)]
    monkeypatch.setattr(cloud_module, "DIRECT_ELEMENTS", 0)
    near = [measure_detailed(x, RANK)["effective_rank"] for x in (kept, lost)]
    assert near[0].value == pytest.approx(exact[0], rel=1e-8)
    assert near[1].value == pytest.approx(exact[1], rel=1e-6)
    assert [measured.note for measured in near] == [
        None,
        "1 singular values below 3.0e-08 of the largest count as zero",
    ]


@pytest.mark.parametrize("name", CENTRED)
def test_a_cloud_without_spread_is_refused(route, name):
    with pytest.raises(InputError) as refusal:
        measure(np.full((300, 4), 0.1, np.float32), [name])
    assert str(refusal.value) == (
        f"{name} is undefined for a cloud without spread: all 300 vectors are equal; leave it out."
    )
    assert measure(np.full((300, 4), 0.1, np.float32), RANK)["effective_rank"] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("vectors", "name", "message"),
    [
        (
            np.zeros((3, 2)),
            "effective_rank",
            "effective_rank is undefined: all 3 vectors are zero; give others or leave it out.",
        ),
        (
            np.eye(4),
            "vrm",
            "vrm needs 5 vectors, but there are 4; add vectors or leave vrm out.",
        ),
        (
            np.arange(9.0)[:, None],
            "isoscore",
            "isoscore compares dimensions and needs two, but these vectors have one; leave it out.",
        ),
    ],
)
def test_what_is_undefined_is_refused_in_one_sentence(vectors, name, message):
    with pytest.raises(InputError) as refusal:
        measure(vectors, [name])
    assert str(refusal.value) == message


def test_two_points_are_a_line():
    values = measure(np.array([[0.0, 0.0, 1.0], [1.0, 2.0, 1.0]]), ["eee", "isoscore"])
    assert values == pytest.approx({"eee": 0.25, "isoscore": 0}, abs=1e-12)


def test_one_dimension_has_nothing_to_enrich():
    assert measure(np.arange(9.0)[:, None], ["eee", "effective_rank"]) == {"eee": 0, "effective_rank": 1}


@pytest.mark.real
def test_real_vectors_agree_with_the_libraries(minilm, monkeypatch):
    """A sixth of a real encoder's token embeddings: a Gram matrix over several blocks and float32 scores."""
    from safetensors.numpy import load_file

    vectors = load_file(minilm / "model.safetensors")["embeddings.word_embeddings.weight"][::6]
    assert vectors.size > cloud_module.DIRECT_ELEMENTS
    monkeypatch.setattr(rows, "BLOCK_ELEMENTS", 2**19)
    monkeypatch.setattr(rows, "DOUBLE_ELEMENTS", 0)
    values = measure(vectors, ["eee", "vrm", "effective_rank"])
    exact = vectors.astype(np.float64)
    with threadpool_limits(1):  # several BLAS threads on a busy machine take minutes
        shares = np.linalg.svd(exact, compute_uv=False)
        eee, vrm = sklearn_eee(exact), scipy_vrm(exact)
    shares /= shares.sum()
    assert values["eee"] == pytest.approx(eee, abs=1e-9)
    assert values["vrm"] == pytest.approx(vrm, abs=1e-6)
    assert values["effective_rank"] == pytest.approx(math.exp(-(shares * np.log(shares)).sum()), rel=1e-9)
