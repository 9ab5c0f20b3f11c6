"""The documentation names what exists: files, packages, commands, options; its commands run as written."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

import cli
from core.measures import MEASURES
from tests import TOP, tiny

PAGES = [TOP / "README.md", TOP / "SECURITY.md", *sorted((TOP / "docs").glob("*.md"))]
ARCHITECTURE = TOP / "docs/architecture.md"
MOST_LINES = 120  # of the README; a newcomer reads it whole
RUN = (
    PAGES[0],
    TOP / "docs/command-line.md",
)  # pages whose examples need no file but those that the test makes

# Paths in code begin with one of these; anything else is a name in a store, a cluster or a user's folder.
ROOMS = ("app.py", "cli.py", "cache/", "commands/", "core/", "docs/", "pages/", "tests/")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")


def paths(text: str) -> tuple[list[str], list[str]]:
    """The relative targets of links, and the paths that stand in code, each as written."""
    links = [target for target in LINK.findall(text) if "://" not in target]
    words = [word for code in CODE.findall(text) for word in code.split()]
    return links, [word for word in words if word.startswith(ROOMS) and not set(word) & set("*…{")]


def missing(page: Path, top: Path = TOP) -> list[str]:
    """The paths in a page of documentation that lead nowhere."""
    links, named = paths(page.read_text())
    return [
        *(target for target in links if not (page.parent / target).exists()),
        *(path for path in named if not (top / path).exists()),
    ]


def packages(top: Path = TOP) -> list[str]:
    """The product's folders of modules, each as the tree of docs/architecture.md writes it: `families/`."""
    rooms = [top / room for room in ("cache", "commands", "core", "pages")]
    folders = {file.parent for room in rooms for file in room.rglob("*.py")}
    return sorted(f"{folder.name}/" for folder in folders)


def tree(text: str) -> str:
    """The first block of code of a page."""
    return text.split("```")[1]


def every_command(command: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """What a user types, and the command, of each command that `cli.py` has; groups of commands left out."""
    command = command or typer.main.get_command(cli.app)
    if not hasattr(command, "commands"):
        yield " ".join(words), command
        return
    for word, part in command.commands.items():
        yield from every_command(part, (*words, word))


def not_named(text: str, commands: Iterable[str]) -> list[str]:
    """The commands that no piece of code in `text` begins with."""
    return [name for name in commands if not re.search(rf"(?:cli\.py |`){name}(?![\w-])", text)]


def without_help(parameters: Iterable[Any]) -> list[str]:
    """The options and arguments that nothing explains."""
    return [one.name for one in parameters if not (getattr(one, "help", None) or "").strip()]


def options_in(line: str) -> tuple[str, list[str]]:
    """The command of a line as quoted in the documentation, and its options."""
    words = line.split("#")[0].split()
    names = [name for name, _ in every_command() if words[: len(name.split())] == name.split()]
    return max(names, key=len, default=""), [word for word in words if word.startswith("--")]


def quoted(pages: Iterable[Path] = PAGES) -> list[str]:
    """Every command line that stands in a block of code of the documentation, without `python cli.py`."""
    text = "\n".join(page.read_text() for page in pages).replace("\\\n", " ")
    lines = re.findall(r"^(?:\.venv/bin/)?python cli\.py ([^|\n]+)$", text, flags=re.MULTILINE)
    return list(dict.fromkeys(line.split("#")[0].strip() for line in lines))


COMMANDS = dict(every_command())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    assert missing(page) == []


def test_paths_are_found_and_can_be_missing(tmp_path: Path) -> None:
    links, named = paths("\n".join(page.read_text() for page in PAGES))
    assert len(links) > 40 and len(named) > 15
    page = tmp_path / "docs/page.md"
    page.parent.mkdir()
    page.write_text(
        "[a](page.md#part) [b](gone.md) [c](https://example.org/x) ![d](../no.png) "
        "`core/gone.py` and `python -m tests.golden` `docs/page.md` `docs/*.md` `docs/NAME.md`"
    )
    assert missing(page, tmp_path) == ["gone.md", "../no.png", "core/gone.py", "docs/NAME.md"]


def test_every_package_stands_in_the_architecture() -> None:
    drawn = tree(ARCHITECTURE.read_text())
    assert len(packages()) > 20 and {"families/", "tasks/", "parts/", "wording/"} <= set(packages())
    assert [package for package in packages() if not re.search(rf"(?<!\S){package}", drawn)] == []
    assert not re.search(r"(?<!\S)toys/", drawn)


def test_folders_of_the_tree_exist() -> None:
    drawn = set(re.findall(r"(?<!\S)(\w+)/", tree(ARCHITECTURE.read_text())))
    assert drawn == {package.removesuffix("/") for package in packages()} | {"docs", "tests"}


def test_the_readme_is_short_and_has_its_pictures() -> None:
    text = (TOP / "README.md").read_text()
    assert len(text.splitlines()) <= MOST_LINES
    journeys = text.partition("## Four journeys\n")[2].partition("\n## ")[0].split("\n### You ")[1:]
    assert [journey.count("![") for journey in journeys] == [1, 1, 1, 1]
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert len(pictures) == 5 and all((TOP / picture).stat().st_size < 300_000 for picture in pictures)
    assert [page.name for page in PAGES[1:] if str(page.relative_to(TOP)) not in text] == []


def test_the_page_on_measures_is_the_registrys(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["measures", "--markdown"]) == 0
    out = capsys.readouterr().out
    assert (TOP / "docs/measures.md").read_text() == out, "run cli.py measures --markdown > docs/measures.md"
    for entry in MEASURES.values():
        (row,) = (line for line in out.splitlines() if line.startswith("| ") and f"`{entry.name}`" in line)
        assert f"| {entry.meaning} | {entry.direction} |" in row and row.endswith(f"| {entry.source} |")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = COMMANDS[name]
    assert command.help and without_help(command.params) == []
    assert cli.main([*name.split(), "--help"]) == 0
    written = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert re.sub(r"\s+", " ", command.help) in written
    options = [option for one in command.params for option in one.opts if option.startswith("--")]
    assert [option for option in options if option not in written] == []


def test_every_command_stands_in_the_readme() -> None:
    assert {"measure", "measures", "jobs watch", "study held-out"} <= set(COMMANDS)
    assert not_named((TOP / "README.md").read_text(), COMMANDS) == []


def test_a_command_that_is_not_named_and_an_option_without_help_are_noticed() -> None:
    assert not_named("`cli.py measures` and `jobs watch`", ["measure", "measures", "jobs watch"]) == [
        "measure"
    ]
    app = typer.Typer()

    @app.command()
    def bare(number: int, other: int = typer.Option(1, help="Explained.")) -> None: ...

    assert without_help(typer.main.get_command(app).params)[:1] == ["number"]
    assert "other" not in without_help(typer.main.get_command(app).params)


def test_quoted_commands_have_the_options_they_are_quoted_with() -> None:
    assert len(quoted()) > 15
    for line in quoted():
        name, options = options_in(line)
        assert name, line
        expected = {option for one in COMMANDS[name].params for option in one.opts}
        assert set(options) <= expected, line
    assert options_in("study glue X --data F  # --not this") == ("study glue", ["--data"])
    assert options_in("nothing --json") == ("", ["--json"])


@pytest.mark.real
def test_quoted_commands_run_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Examples of the README and of the page on the command line, as written, beside the files they name."""
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    np.save("mine.npy", np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32))
    scores = "checkpoint,benchmark,task,metric,value\nmine.npy,GLUE,RTE,accuracy,0.61\n"
    Path("scores.csv").write_text(scores)
    tiny.gpt2(Path("my-decoder"))
    reviews = (f"this is text {row},{'good' if row % 2 else 'bad'}" for row in range(40))
    Path("reviews.csv").write_text("\n".join(["text,label", *reviews]))
    Path("covariates.csv").write_text("checkpoint,batch_size\nmine.npy,1024\n")
    lines = quoted(RUN)
    assert len(lines) > 15
    for line in ("--help", *lines):
        status = cli.main(line.split())
        written = capsys.readouterr()
        assert status == 0 and written.out, f"{line}: {written.err}"


def test_the_example_for_programs_runs_and_says_what_the_text_says() -> None:
    text = (TOP / "docs/prediction.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    ranking = names["ranking"]
    assert list(ranking.index) == ["wide", "small", "far"] and np.isnan(ranking.loc["far", "rank"])
    assert [reason.code for reason in ranking.loc["far", "reasons"]] == ["outside_range"]
    assert ranking.loc["wide", "predicted"] == pytest.approx(0.68, abs=0.01)
