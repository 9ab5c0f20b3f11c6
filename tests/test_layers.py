"""Arrows point down: app, cli, commands, pages → cache → core. And what pages start from imports quickly."""

import ast
import subprocess
import sys

import pytest

from tests import TOP

FORBIDDEN = {
    "core": {"streamlit", "duckdb", "cache", "pages", "app", "cli", "commands", "typer"},
    "cache": {"streamlit", "pages", "app", "cli", "commands"},
    "commands": {"streamlit", "duckdb", "pages", "app", "cli"},
    "pages": {"duckdb", "torch", "transformers", "faiss", "cli", "commands"},
}
HEAVY = {"torch", "transformers", "sentence_transformers", "sklearn", "faiss"}


def imported_names(source: str) -> set[str]:
    """Top-level names of everything a module imports, wherever in the module it does so."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def loaded_after(statement: str) -> set[str]:
    """Top-level names of the modules that a fresh interpreter holds after running `statement`."""
    code = f"import sys\n{statement}\nprint('\\n'.join({{name.split('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_no_module_imports_from_above(layer: str) -> None:
    modules = sorted((TOP / layer).rglob("*.py"))
    assert modules
    wrong = {
        str(path.relative_to(TOP)): sorted(found)
        for path in modules
        if (found := imported_names(path.read_text()) & FORBIDDEN[layer])
    }
    assert wrong == {}


def test_core_loads_without_streamlit_and_duckdb() -> None:
    modules = [
        ".".join(path.relative_to(TOP).with_suffix("").parts)
        for path in sorted((TOP / "core").rglob("*.py"))
        if path.name != "__init__.py"
    ]
    assert loaded_after("import " + ", ".join(modules)) & {"streamlit", "duckdb", "cache"} == set()


def test_pages_start_without_the_heavy_libraries() -> None:
    light = (
        "import cache.store, cache.jobs, cache.tables, core.measures\n"
        "import core.charts.scatter\n"
        "import core.prediction.regression\n"
    )
    assert loaded_after(light) & HEAVY == set()


def test_the_checks_can_fail() -> None:
    assert imported_names("def f():\n    import streamlit.web as w\n    from duckdb import connect") == {
        "streamlit",
        "duckdb",
    }
    assert "duckdb" in loaded_after("import duckdb")
