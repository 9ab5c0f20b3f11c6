"""Arrows point down, there is no circle of files, and what pages start from imports quickly.

The list of modules comes from the tree. A module may import from rooms that stand below its own, and from its
own room; a room that is not listed here fails the test, so that whoever adds one says where it stands.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import TOP

# From the ground up; a room may use every room of the rows above its own, and itself.
ROWS = (
    ("core.errors", "core.formatting", "core.metrics", "core.reasons", "core.precision"),
    ("core.blocks", "core.weights", "core.tables"),
    ("core.quantizers", "core.hub", "core.scores"),
    ("core.measures", "core.checkpoints"),
    ("core.hidden_states", "core.corpora"),
    ("core.statistics", "core.overview", "core.reference"),
    (
        "core.prediction",
        "core.evidence",
        "core.cells",
        "core.token_sets",
        "core.fine_tuning",
        "core.training",
    ),
    ("core.studies", "core.subjects"),
    ("core.charts", "core.wording"),
    ("cache",),
    ("commands", "pages"),
    ("app", "cli", "serve"),
)
OUTSIDE = {  # libraries that belong to other rooms
    "core": {"streamlit", "duckdb", "typer"},
    "cache": {"streamlit", "typer"},
    "commands": {"streamlit", "duckdb"},
    "pages": {"duckdb", "torch", "transformers", "faiss", "typer"},
}
HEAVY = {"torch", "transformers", "sentence_transformers", "sklearn", "faiss"}


def modules(top: Path) -> dict[str, Path]:
    """Dotted name → file of every module of the product; a package by its own name."""
    files = [top / "serve.py", top / "app.py", top / "cli.py"]
    files += [file for room in ("core", "cache", "commands", "pages") for file in (top / room).rglob("*.py")]
    dotted = {".".join(file.relative_to(top).with_suffix("").parts): file for file in files if file.exists()}
    return {name.removesuffix(".__init__"): file for name, file in dotted.items()}


def imports(source: str) -> Iterator[str]:
    """Everything that a module imports, wherever in it: `a.b` and `a.b.c` for `from a.b import c`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, "imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def graph(files: dict[str, Path]) -> dict[str, set[str]]:
    """Module → the modules of the product that it imports; a package only where nothing in it is named."""
    result = {}
    for name, file in files.items():
        named = {one for one in imports(file.read_text()) if one in files} - {name}
        result[name] = {one for one in named if not any(other.startswith(f"{one}.") for other in named)}
    return result


def room_of(module: str) -> str:
    """The room of a module: `core.prediction`, `cache`, `app`."""
    top, _, rest = module.partition(".")
    return f"core.{rest.partition('.')[0]}" if top == "core" and rest else top


def upward(arrows: dict[str, set[str]]) -> list[str]:
    """The arrows that point up or sideways, as "a -> b"."""
    level = {room: index for index, row in enumerate(ROWS) for room in row}
    wrong = []
    for source, targets in arrows.items():
        for target in targets:
            here, there = room_of(source), room_of(target)
            if here != there and not level[there] < level[here]:
                wrong.append(f"{source} -> {target}")
    return sorted(wrong)


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The circles of files: one for each arrow that closes one, in depth-first order."""
    result: list[list[str]] = []
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> None:
        if module in path:
            result.append(path[path.index(module) :])
        elif module not in done:
            for target in sorted(arrows[module]):
                visit(target, [*path, module])
            done.add(module)

    for module in sorted(arrows):
        visit(module, [])
    return result


def loaded_after(statement: str) -> set[str]:
    """Top-level names of the modules that a fresh interpreter holds after running `statement`."""
    code = f"import sys\n{statement}\nprint('\\n'.join({{name.split('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


FILES = modules(TOP)
ARROWS = graph(FILES)


def test_every_room_has_its_place_and_every_place_its_room() -> None:
    rooms = {room_of(module) for module in FILES} - {"core"}
    assert rooms == {room for row in ROWS for room in row}


def test_arrows_point_down() -> None:
    assert sum(map(len, ARROWS.values())) > 300
    assert upward(ARROWS) == []


def test_there_is_no_circle_of_files() -> None:
    assert circles(ARROWS) == []


@pytest.mark.parametrize("top", OUTSIDE)
def test_libraries_stay_in_their_rooms(top: str) -> None:
    wrong = {
        module: sorted(result)
        for module, file in FILES.items()
        if module.partition(".")[0] == top
        and (result := {name.partition(".")[0] for name in imports(file.read_text())} & OUTSIDE[top])
    }
    assert wrong == {}


def test_core_loads_without_streamlit_and_duckdb() -> None:
    names = ", ".join(module for module in FILES if module.startswith("core."))
    assert loaded_after(f"import {names}") & {"streamlit", "duckdb", "cache"} == set()


def test_pages_start_without_the_heavy_libraries() -> None:
    pages = {module for module in FILES if room_of(module) in ("pages", "app")}
    parts = {module for module in pages if module.startswith("pages.parts.")}
    started = sorted(parts.union(*(ARROWS[module] for module in pages)))
    assert len(started) > 20 and {"cache.jobs", "core.measures"} <= set(started)
    assert loaded_after(f"import {', '.join(started)}") & HEAVY == set()


def test_the_checks_can_fail(tmp_path: Path) -> None:
    for name, text in {
        "core/errors.py": "from core.measures.registry import MEASURES",
        "core/measures/registry.py": "def late():\n    import core.errors\n    import streamlit.web as w",
        "pages/one.py": "from core.measures import registry",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    files = modules(tmp_path)
    assert set(files) == {"core.errors", "core.measures.registry", "pages.one"}
    arrows = graph(files)
    assert upward(arrows) == ["core.errors -> core.measures.registry"]
    assert circles(arrows) == [["core.errors", "core.measures.registry"]]
    assert "streamlit.web" in set(imports(files["core.measures.registry"].read_text()))
    assert "duckdb" in loaded_after("import duckdb")
    assert loaded_after("import sklearn, core.errors") & HEAVY == {"sklearn"}
