"""Pages read, draw and submit: what they may import, so that nothing is computed in the server's pages."""

import ast
import sys
from collections.abc import Iterator

from tests import TOP

# Whole rooms that pages may use.
ROOMS = ("cache", "core.charts", "core.wording", "core.errors", "core.formatting", "pages.parts")
# Of modules that compute as well: names, options, types, and what only looks up or reshapes.
NAMES = {
    "core.cells": {"example"},
    "core.cells.curves": {"Curves"},
    "core.cells.picture": {"Picture"},
    "core.checkpoints.variants": {"SEEDS"},
    "core.corpora.representativeness": {"ALL", "USABLE", "Representativeness"},
    "core.corpora": {"packed"},
    "core.corpora.questions": {"columns_of"},
    "core.corpora.sources": {"CORPORA", "STANDARD_LIBRARY"},
    "core.evidence.association": {"Association", "table"},
    "core.evidence.correlation_matrix": {"pairs"},
    "core.evidence.covariates": {"KNOWN"},
    "core.evidence.published": {"STATISTICS", "published"},
    "core.fine_tuning.glue": {"TASKS"},
    "core.hub.remote": {"is_off"},
    "core.measures": {"GROUPS", "MEASURES", "Measure", "select"},
    "core.measures.labels": {"FEWEST_ROWS", "KINDS", "MOST_ROWS"},
    "core.measures.protocol": {"NAMES", "PUBLISHED", "PUBLISHED_TEXT", "Sample", "left_out", "sample_of"},
    "core.measures.titles": {"title_of"},
    "core.overview": {"Overview", "formed"},
    "core.prediction": {"DEFAULT", "LINEAR", "PREDICTORS", "Predictions", "nonstandard"},
    "core.prediction.alike": {"FACTS", "NOT_SETTINGS", "differences", "usual_of"},
    "core.prediction.by_measure": {"rankable"},
    "core.prediction.candidates": {"PATCHINESS", "SPREAD"},
    "core.prediction.held_out": {"ANEW", "BEST"},
    "core.prediction.references": {"FEWEST", "TITLES"},
    "core.prediction.shortlist": {"PREDICTED", "Shortlist", "unpredicted"},
    "core.reference": {"held_out"},
    "core.reference.members": {"NAMES"},
    "core.statistics.percentiles": {"percentile", "percentiles"},
    "core.studies.decoder_figures": {"ALONE", "curve_of", "estimate_of"},
    "core.studies.estimators": {"OVERALL", "TASKS"},
    "core.studies.key_layers": {"CHUNKS"},
    "core.studies.latent_geometry": {"COLUMNS"},
    "core.studies.latent_geometry_print": {"as_text"},
    "core.tables": {"READERS"},
    "core.tables.as_csv": {"as_csv"},
    "core.token_sets": {"FORMS", "TokenSet", "from_text", "token_sets"},
    "core.token_sets.resolving": {"SEVERAL"},
}
LIBRARIES = {"altair", "numpy", "pandas", "streamlit"}


def imports(source: str) -> Iterator[tuple[str, str]]:
    """(module, name) of everything imported, wherever in the file; name "" for a whole module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def refused(source: str) -> list[str]:
    """What a page may not import, as "module: name"."""
    wrong = []
    for module, name in imports(source):
        top = module.partition(".")[0]
        if top in ("core", "cache", "pages", "commands"):
            whole = any(f"{module}.".startswith(f"{room}.") for room in ROOMS)
            named = f"{module}.{name}" in ROOMS or name in NAMES.get(module, ())
            if not (whole or named):
                wrong.append(f"{module}: {name}")
        elif top not in LIBRARIES and top not in sys.stdlib_module_names:
            wrong.append(f"{module}: {name}")
    return wrong


def test_pages_import_what_they_may() -> None:
    files = {file: file.read_text() for file in sorted((TOP / "pages").rglob("*.py"))}
    assert {str(file.relative_to(TOP)): refused(text) for file, text in files.items() if refused(text)} == {}


def test_nothing_is_named_that_no_page_imports() -> None:
    used = {pair for file in (TOP / "pages").rglob("*.py") for pair in imports(file.read_text())}
    unused = {(module, name) for module, names in NAMES.items() for name in names} - used
    assert unused == set()


def test_the_check_can_fail() -> None:
    source = (
        "import torch\nfrom core.statistics import bootstrap\nfrom core.prediction import estimator\n"
        "from core.overview import overview\nfrom core import charts\n"
        "from core.evidence import correlations\n"
    )
    assert refused(source) == [
        "torch: ",
        "core.statistics: bootstrap",
        "core.prediction: estimator",
        "core.overview: overview",
        "core.evidence: correlations",
    ]
