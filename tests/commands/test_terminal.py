"""Tables for people: whole words in a terminal of any width, and a table where there is room for one."""

import pandas as pd
import pytest
from rich.table import Table

import cli
from cache.results import Measured
from commands.measure import print_card
from commands.terminal import attempt, draw, people, print_frame, say, stages
from core.measures import MEASURES


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The lines that a terminal of a width shows after `work()`."""

    def lines(width: int, work) -> list[str]:
        monkeypatch.setattr(people, "_width", width)  # whatever another test has left there
        assert people.width == width
        work()
        return capsys.readouterr().out.splitlines()

    return lines


@pytest.mark.parametrize("width", [40, 80, 132])
def test_the_list_of_measures_breaks_no_name(printed, width: int) -> None:
    lines = printed(width, lambda: cli.main(["measures"]))
    words = " ".join(lines).split()
    assert [word for word in words if word in MEASURES and word != "dispersion"] == [
        name for name in MEASURES if name != "dispersion"
    ]
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [40, 60, 80, 132])
def test_a_card_breaks_no_name_and_no_number(printed, width: int) -> None:
    values = dict.fromkeys(MEASURES, 1.23456e-07)
    spread = dict.fromkeys(values, 0.1)
    result = Measured("a", "f" * 32, 10, 4, values, {}, {}, spread, None, {}, seconds=1.0, cached=False)
    lines = printed(width, lambda: print_card(result))
    words = " ".join(lines).split()
    assert [word for word in words if word in MEASURES] == list(MEASURES)
    assert words.count("1.2346e-07") == len(MEASURES)
    assert max(map(len, lines)) <= width


FRAME = pd.DataFrame(
    {"name": ["google/bert_uncased", "b"], "how it was formed": ["mean of nine tasks", ""], "value": [0.5, 1]}
)


def test_a_frame_is_a_table_where_it_fits_and_a_list_where_it_does_not(printed) -> None:
    def work() -> None:
        print_frame(FRAME, "Scores")

    assert [line.rstrip() for line in printed(80, work)] == [
        "Scores",
        "name                 how it was formed   value",
        "google/bert_uncased  mean of nine tasks    0.5",
        "b                                            1",
    ]
    assert [line.rstrip() for line in printed(30, work)] == [
        "Scores",
        "name",
        "  how it was formed   value",
        "google/bert_uncased",
        "  mean of nine tasks    0.5",
        "b",
        "                          1",
    ]
    assert [line.rstrip() for line in printed(20, work)] == [
        "Scores",
        "name",
        "  how it was   value",
        "  formed",
        "google/bert_uncased",
        "  mean of        0.5",
        "  nine tasks",
        "b",
        "                   1",
    ]


def test_where_columns_do_not_fit_each_cell_stands_beside_its_heading(printed) -> None:
    table = Table("name", "first", "second", box=None)
    table.add_row("one", "0123456789", "abcdefghij")
    table.add_row("two", "", "klmno")
    assert [line.rstrip() for line in printed(22, lambda: draw(table))] == [
        "one",
        "  first   0123456789",
        "  second  abcdefghij",
        "two",
        "  second  klmno",
    ]


@pytest.mark.parametrize("name", ["[/]", "a[red]b[/red]", ":rocket:", "[link=x]y", "m[0]"])
def test_names_show_as_they_are(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Brackets and colons are no markup: in tables, their titles, lines, and the line of what is done."""
    people.width = 200
    table = Table(title=name)
    table.add_column(name)
    table.add_row(name)
    draw(table)
    people.print(name)
    assert capsys.readouterr().out.count(name) == 4
    results, failures = attempt([name], lambda index, progress: progress(name, 1, 2, name))
    assert (results, failures) == ([None], [])
    with stages(name) as show:
        show(name)
    say(name)
    assert name in capsys.readouterr().err
