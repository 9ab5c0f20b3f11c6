"""The documentation: commands, options and paths are those that exist, and its examples run."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

import cli
from core.measures import MEASURES
from tests import TOP

DOCS = sorted((TOP / "docs").glob("*.md"))
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command in this process on a store of its own; returns status, stdout and stderr."""
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path / "store"))

    def command(*arguments: object) -> tuple[int, str, str]:
        status = cli.main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return command


def missing_paths(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    return [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]


def packages(top: Path) -> set[str]:
    """The folders of the product that hold modules, relative to `top`."""
    rooms = ("core", "cache", "commands", "pages")
    return {str(file.parent.relative_to(top)) for room in rooms for file in (top / room).rglob("*.py")}


@pytest.mark.parametrize("page", [TOP / "README.md", *DOCS], ids=lambda page: page.name)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    assert missing_paths(page) == []


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("[a](page.md), [b](gone/b.py), [c](https://example.org), ![d](d.png)")
    assert missing_paths(tmp_path / "page.md") == ["gone/b.py", "d.png"]


def test_the_architecture_page_names_every_package() -> None:
    text = (TOP / "docs/architecture.md").read_text()
    assert len(packages(TOP)) > 15
    assert [name for name in sorted(packages(TOP)) if f"[{name}/](../{name})" not in text] == []


def test_the_readme_is_short_and_its_pictures_are_small() -> None:
    text = (TOP / "README.md").read_text()
    assert text.count("\n") <= 120
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert pictures and all((TOP / picture).stat().st_size < 300_000 for picture in pictures)
    assert [page.name for page in DOCS if f"docs/{page.name}" not in text] == []


def documented_commands() -> list[str]:
    """Every example in the README, and in the page on the command line, as written after `cli.py`."""
    text = (TOP / "README.md").read_text() + (TOP / "docs/command-line.md").read_text()
    return list(dict.fromkeys(re.findall(r"^python cli\.py (.+)$", text, flags=re.MULTILINE)))


def every_command(command: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """What a user types, and the command, of each command that `cli.py` has."""
    command = command or typer.main.get_command(cli.app)
    if not hasattr(command, "commands"):
        yield " ".join(words), command
        return
    for word, part in command.commands.items():
        yield from every_command(part, (*words, word))


def not_named(text: str, commands: Iterable[str]) -> list[str]:
    """The commands that no piece of code in `text` begins with."""
    return [name for name in commands if not re.search(rf"(?:cli\.py |`){name}(?![\w-])", text)]


def test_every_command_stands_in_the_readme(run) -> None:
    names = [name for name, _ in every_command()]
    assert {"measure", "measures", "jobs watch", "study held-out"} <= set(names)
    assert not_named((TOP / "README.md").read_text(), names) == []
    assert not_named("`cli.py measures` and `jobs watch`", ["measure", "measures", "jobs", "jobs watch"]) == [
        "measure"
    ]


def test_every_command_has_help_that_names_its_options(run) -> None:
    for name, command in every_command():
        status, out, err = run(*name.split(), "--help")
        assert (status, err) == (0, ""), name
        written = re.sub(r"\s+", " ", out)
        assert command.help and re.sub(r"\s+", " ", command.help) in written, name
        for parameter in command.params:
            assert all(option in written for option in parameter.opts if option.startswith("--")), name


def test_the_page_on_measures_is_the_registrys(run) -> None:
    status, out, err = run("measures", "--markdown")
    assert (status, err) == (0, "")
    assert (TOP / "docs/measures.md").read_text() == out, "run cli.py measures --markdown > docs/measures.md"
    for entry in MEASURES.values():
        (row,) = (line for line in out.splitlines() if line.startswith("| ") and f"`{entry.name}`" in line)
        assert f"| {entry.meaning} | {entry.direction} |" in row and row.endswith(f"| {entry.source} |")


@pytest.mark.real
def test_documented_commands_run_in_order(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example is carried out as written, beside the three files that it names."""
    np.save(tmp_path / "mine.npy", np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32))
    (tmp_path / "scores.csv").write_text(
        "checkpoint,benchmark,task,metric,value\nminilm,GLUE,RTE,accuracy,0.61\n"
    )
    (tmp_path / "covariates.csv").write_text("checkpoint,batch_size\nminilm,1024\n")
    monkeypatch.chdir(tmp_path)
    for line in documented_commands():
        status, out, err = run(*line.split("#")[0].split())
        assert status == 0, f"{line}: {err}"
        assert out, line
