"""The push-away study as a job: every run is kept, and pages draw the newest of a setting."""

from pathlib import Path

import pytest

from cache import training
from cache.requests import Subject
from cache.store import Store
from cache.tasks.push_away import PushAway, check, study
from core.errors import InputError
from core.studies import push_away
from core.studies.push_away import Preset
from core.training.decoders import Shape


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset of seconds."""
    preset = Preset(Shape(16, 1, 2, 300, 16, "gpt2"), 16, 8, 8, (4, 8), (5e-3,), (0.5, 2.0), seeds=2)
    monkeypatch.setitem(push_away.PRESETS, "tiny", (preset, preset))


@pytest.fixture
def request_of(tmp_path: Path, small: None) -> PushAway:
    """Two small texts."""
    for name, line in (("words.txt", "the cat sat on mat {}"), ("code.txt", "x{} = f(y, z)")):
        (tmp_path / name).write_text("\n".join(line.format(n % 7) for n in range(400)))
    return PushAway("tiny", str(tmp_path / "words.txt"), str(tmp_path / "code.txt"))


def test_what_was_run_is_kept_and_stands_on_the_page(tmp_path: Path, request_of: PushAway) -> None:
    store = Store.open(tmp_path / "store")
    first = study(store, Subject("cross"), request_of)
    assert first.domains == ["words.txt", "code.txt"] and len(first.runs) == 5 and not first.cached
    again = study(store, Subject("cross"), request_of)
    assert again.cached and again.runs == first.runs and again.comparisons == first.comparisons
    drawn = training.push_away(store)
    assert set(drawn.loc[drawn["setting"] == "cross", "origin"]) == {training.OWN}
    made = training.compared(drawn[drawn["setting"] == "cross"])
    assert len(made.table) == 4 and len(made.sentences) == 3
    assert made.sentences[-1].startswith("The distance between the domains was larger with the loss in ")
    (_, rows), *_ = made.chosen
    assert set(rows["push"]) == {0.0, made.table["λ"][0]}


def test_a_stopped_study_goes_on_with_the_next_run(tmp_path: Path, request_of: PushAway) -> None:
    store = Store.open(tmp_path / "store")
    whole = study(Store.open(tmp_path / "other"), Subject("single"), request_of)

    class KilledError(Exception):
        pass

    def stop(stage: str, done: int, total: int, unit: str) -> None:
        if stage.startswith("run 3 of 5") and done == 5:
            raise KilledError

    with pytest.raises(KilledError):
        study(store, Subject("single"), request_of, stop)
    seen: list[str] = []
    resumed = study(store, Subject("single"), request_of, lambda *told: seen.append(f"{told[0]} {told[1]}"))
    steps = [line for line in seen if line.startswith("run")]
    assert steps[0].startswith("run 3 of 5") and steps[0].endswith(" 5")
    assert resumed.runs == whole.runs


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"preset": "days"}, "There is no preset days: give one of minutes, hours, paper"),
        ({"pushes": (0.0, 1.0)}, "λ must be above 0"),
        ({"seeds": 0}, "there must be one seed at least"),
        ({"code": "/nowhere.txt"}, "There is no corpus and no file /nowhere.txt"),
    ],
)
def test_what_cannot_be_is_refused(options: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        check(PushAway(**{"text": "standard-library"} | options))
