"""The list of measures: complete, explained, and selectable by name and group."""

import importlib
import inspect
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from core import quantizers
from core.errors import InputError
from core.measures import GROUPS, MEASURES, cloud, measure, measure_detailed, select
from core.measures.entry import NEEDS
from core.measures.registry import collect

CELL_SUFFIXES = [
    *("patchiness", "patchiness_published", "count_variance", "count_kl", "reconstruction_error"),
    *("reconstruction_iqr", "reconstruction_skew", "centroid_variance", "cluster_eee"),
]
CLOUD = [
    *("dispersion", "dispersion_euclidean", "mean_cosine_similarity"),
    *("eee", "vrm", "isoscore", "effective_rank", "effective_rank_ratio"),
]
CELLS = [f"{quantizer}_{suffix}" for quantizer in ("lsq", "pq") for suffix in CELL_SUFFIXES]
UNEMBEDDING = ["effective_rank", "effective_rank_ratio", "mean_cosine", "isotropy"]
GAP = ["gap_cosine", "gap_euclidean"]
DECODER = ["loss", "bits_per_byte"]
LABELLED = ["logme", "h_score", "knn_accuracy", "probe_score"]


def test_every_defined_measure_is_registered_once_in_display_order():
    computed = [*CLOUD, *CELLS, *(f"unembedding_{name}" for name in UNEMBEDDING)]
    assert list(MEASURES) == [*computed, *GAP, *LABELLED, *DECODER]
    assert [name for name, entry in MEASURES.items() if not entry.computed] == [*GAP, *LABELLED]


@pytest.mark.parametrize("entry", MEASURES.values(), ids=list(MEASURES))
def test_an_entry_explains_itself(entry):
    assert re.fullmatch(r"[A-Z][^.]*(\d\.\d[^.]*)*\.", entry.meaning), "one sentence"
    assert len(entry.meaning) <= 110
    assert entry.direction.startswith(("higher: ", "lower: "))
    assert entry.source
    assert entry.group in GROUPS
    assert entry.cost in ("one pass", "one pass and d³", "pairs", "training", "a forward pass of its own")
    matrix = entry.name.startswith(("unembedding_", "gap_"))
    assert entry.subject == ("text" if entry.name in DECODER else "unembedding" if matrix else "cloud")
    assert entry.low < entry.high


def test_what_a_measure_needs_says_how_it_is_asked_for():
    for name, entry in MEASURES.items():
        assert entry.needs and set(entry.needs) <= set(NEEDS)
        assert entry.quantizer == (name.partition("_")[0] if name in CELLS else None)
        if name not in LABELLED:
            assert ("spectrum" in entry.needs) == (entry.cost == "one pass and d³")
        words = (entry.group, entry.quantizer) if name in CELLS else ("all", entry.group)
        assert entry.selected_by == ((entry.group,) if name in (*LABELLED, *DECODER) else words)
    with pytest.raises(ValueError) as refusal:
        replace(MEASURES["eee"], needs=("spectrum", "luck"))
    assert str(refusal.value) == "eee needs luck: give keys of NEEDS."


def test_what_several_measures_need_is_computed_once(monkeypatch):
    calls = Counter()

    def counted(module, name):
        plain = getattr(module, name)

        def call(*arguments, **options):
            calls[name] += 1
            return plain(*arguments, **options)

        monkeypatch.setattr(module, name, call)

    counted(np.linalg, "eigh")
    counted(quantizers, "quantize")
    vectors = np.random.default_rng(0).standard_normal((2**18, 5)).astype(np.float32)
    measure(vectors, "eee,vrm,isoscore")
    assert calls == {"eigh": 1}
    measure_detailed(vectors[:60], "cells", k=8)
    assert calls["quantize"] == 2  # once a quantizer, for nine measures each


def test_no_spectrum_is_summed_where_no_measure_needs_it(monkeypatch):
    made = []
    plain = cloud.Cloud.__init__

    def init(self, *arguments, **options):
        made.append(options["spectra"])
        plain(self, *arguments, **options)

    monkeypatch.setattr(cloud.Cloud, "__init__", init)
    vectors = np.random.default_rng(0).standard_normal((60, 5))
    for asked in ("dispersion", "unembedding_mean_cosine", "dispersion,eee", "unembedding_isotropy"):
        measure(vectors, asked)
    assert made == [False, False, True, True]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ENTRIES = spread.ENTRIES[:1]", "No family defines the group spread."),
        (
            "GROUP = spread.GROUP\nENTRIES = spread.ENTRIES[:1] * 2",
            "Given twice among groups or measures: eee.",
        ),
    ],
)
def test_a_family_that_cannot_be_is_refused(source, message, tmp_path, monkeypatch):
    (tmp_path / "odd_families").mkdir()
    (tmp_path / "odd_families" / "__init__.py").write_text("")
    (tmp_path / "odd_families" / "one.py").write_text(
        f"from core.measures.families import spread\n{source}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    package = importlib.import_module("odd_families")
    try:
        with pytest.raises(ValueError) as refusal:
            collect(package)
    finally:
        for name in ("odd_families", "odd_families.one"):
            sys.modules.pop(name, None)
    assert str(refusal.value) == message


def test_titles_tell_measures_apart():
    assert len({entry.title for entry in MEASURES.values()}) == len(MEASURES)
    assert MEASURES["lsq_patchiness"].title == "Point patchiness (LSQ)"


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (None, [*CLOUD, *(f"unembedding_{name}" for name in UNEMBEDDING)]),
        ("all", [*CLOUD, *(f"unembedding_{name}" for name in UNEMBEDDING)]),
        ("dispersion", CLOUD[:3]),
        ("eee, dispersion ,eee", ["eee", *CLOUD[:3]]),
        (["isoscore", "spread"], ["isoscore", "eee", "vrm", "effective_rank", "effective_rank_ratio"]),
        (["dispersion"], ["dispersion"]),
        ("cells", CELLS),
        ("pq,lsq_patchiness", [*CELLS[9:], "lsq_patchiness"]),
        (["lsq"], CELLS[:9]),
        (("unembedding",), [f"unembedding_{name}" for name in UNEMBEDDING]),
    ],
)
def test_select_keeps_the_order_asked_for_and_drops_repeats(asked, names):
    assert select(asked) == names


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            "isoscor",
            "There is no measure called 'isoscor' (did you mean isoscore?); give 'all', a group (dispersion, "
            "spread, cells, unembedding, decoder, lsq, pq) or a name that `cli.py measures` lists.",
        ),
        (
            "eee,qqq",
            "There is no measure called 'qqq'; give 'all', a group (dispersion, spread, cells, unembedding, "
            "decoder, lsq, pq) or a name that `cli.py measures` lists.",
        ),
        (
            "gap_cosine",
            "gap_cosine compares tokens of two sets: measure it with `cli.py gap CHECKPOINT --domain SET`.",
        ),
        (
            "logme",
            "logme needs labels: measure it with `cli.py measure CHECKPOINT --labels FILE`.",
        ),
        (
            "spread,labelled",
            "labelled needs labels: measure it with `cli.py measure CHECKPOINT --labels FILE`.",
        ),
        (" , ", "No measure was named; give 'all' or names separated by commas."),
        ([], "No measure was named; give 'all' or names separated by commas."),
    ],
)
def test_select_refuses_in_one_sentence(asked, message):
    with pytest.raises(InputError) as refusal:
        select(asked)
    assert str(refusal.value) == message


@pytest.mark.parametrize("asked", ["all", "dispersion", "spread,dispersion", ["vrm"]])
def test_selecting_from_a_selection_changes_nothing(asked):
    assert select(select(asked)) == select(asked)


def test_every_computed_measure_gives_one_number_within_its_range():
    vectors = np.random.default_rng(0).standard_normal((60, 5))
    values = {name: result.value for name, result in measure_detailed(vectors, "all,cells", k=8).items()}
    assert list(values) == [*select("all"), *CELLS]
    for name, value in values.items():
        assert isinstance(value, float)
        assert MEASURES[name].low <= value <= MEASURES[name].high


def test_without_names_the_measures_of_a_cloud_are_taken():
    vectors = np.random.default_rng(0).standard_normal((60, 5))
    assert list(measure(vectors)) == CLOUD
    assert str(inspect.signature(measure).parameters["seed"]) == "seed: int = 0"


def test_the_registry_is_light():
    """Pages start from it: importing it must not load the libraries that measuring needs."""
    heavy = "{'torch', 'scipy', 'sklearn', 'jaxtyping', 'transformers', 'pandas'}"
    code = f"import sys; import core.measures; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
