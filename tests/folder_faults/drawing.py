"""Changes drawn by Hypothesis, always the same ones, and what comes of each."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from tests.folder_faults import changes, comparing
from tests.folder_faults.comparing import Result
from tests.folder_faults.folders import made

Seen = Callable[[str, changes.Change, str, Result], None]


def run(examples: int, place: Path, seen: Seen) -> None:
    """Draw so many changes; `seen` is called with the folder, the change, the value's name and a Result."""
    folders = made(place)

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(changes.changes(folders))
    def each(drawn: tuple[str, changes.Change]) -> None:
        name, change = drawn
        with tempfile.TemporaryDirectory(dir=place) as temporary:
            folder = Path(temporary) / "changed"
            changes.make(change, folders[name], folder, folders)
            plain = comparing.Plain(folder)
            for value in (comparing.states, comparing.matrix):
                seen(name, change, value.__name__, value(folder, plain))

    each()
