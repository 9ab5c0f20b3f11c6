"""Estimators that use labels, on the checkpoints of the project's own study, beside what geometry costs.

Each checkpoint reads the first ROWS training rows of a task, a part of those that it was fine-tuned on, cut
to the LENGTH tokens of the fine-tuning; of its vectors, averaged over tokens, the estimators are taken at the
last layer and of the mean over layers. Measures without labels are timed beside them, which also says how far
small encoders that were pre-trained again are those of `core/reference/own_study.csv`. The values stand in
`core/reference/own_labels.csv`; a later run goes on from them.

Not covered: how the estimators change with the number of labelled rows.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.checkpoints.variants import split
from core.fine_tuning.glue import TaskData
from core.measures.labelled import MEAN
from core.studies.own_study import SEQUENCES, Member

if TYPE_CHECKING:
    import pandas as pd

    from core.blocks import Progress

ROWS, LENGTH = 1000, 128
LAST = "last"
COLUMNS = (
    *("part", "label", "base", "task", "layer", "quantity", "value", "standard_error"),
    *("seconds", "extraction", "n"),
)
_FILE = Path(__file__).parents[1] / "reference" / "own_labels.csv"


def shipped() -> "pd.DataFrame":
    """The table that comes with the project, COLUMNS.

    task: "" for a measure without labels, of cells on the plain checkpoint of each base only. seconds: of the
    measure (of measures that share their work, of all together); extraction: of loading the model and reading
    the text. n: labelled rows, or vectors (of SEQUENCES sequences).
    """
    return read(_FILE)


def read(file: Path) -> "pd.DataFrame":
    """A table of this study from a .csv file, COLUMNS; empty where there is no such file."""
    import pandas as pd

    if not file.is_file():
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.read_csv(file, keep_default_na=False, na_values={name: [""] for name in COLUMNS[6:]})


def available(found: Iterable[Member]) -> tuple[list[Member], list[Member]]:
    """(members whose weights can be had, those of which a folder is missing)."""
    there: list[Member] = []
    lacking: list[Member] = []
    for member in found:
        base, recipe = split(member.name)
        folders = [base, recipe.other] if recipe and recipe.other else [base]
        whole = member.part != "small" or all(Path(folder).is_dir() for folder in folders)
        (there if whole else lacking).append(member)
    return there, lacking


def estimated(
    chosen: Iterable[Member],
    tasks: Sequence[TaskData],
    done: "pd.DataFrame",
    sequences: Sequence[str] = (),
    progress: "Progress | None" = None,
) -> Iterator["pd.DataFrame"]:
    """The table `done`, longer by one checkpoint's estimates of one task at each step.

    sequences: of text; measures without labels are taken on the first SEQUENCES, of MiniLM's checkpoints only
        of the plain one; none: they are not taken.
    Raises InputError for a checkpoint or labels that cannot be used.
    """
    import pandas as pd

    table = done
    for member in chosen:
        without = bool(sequences) and (member.part == "small" or member.variant == "plain")
        steps: list[TaskData | None] = [*tasks, *([None] if without else [])]
        for data in steps:
            own = table[table["label"] == member.label]
            if (own["task"] == (data.task.name if data else "")).any():
                continue
            some = sequences[:SEQUENCES]
            rows = _of_task(member, data, progress) if data else _without_labels(member, some, progress)
            table = pd.concat([part for part in (table, rows) if len(part)], ignore_index=True)
            yield table


def _of_task(member: Member, data: TaskData, progress: "Progress | None") -> "pd.DataFrame":
    from core.measures.labels import labels_of
    from core.studies.labels import estimate_checkpoint

    rows = data.train.head(ROWS)
    labels = labels_of(rows.labels.tolist(), "numbers" if data.task.classes == 1 else "classes")
    table = estimate_checkpoint(
        member.name,
        rows.first,
        labels,
        pairs=rows.second,
        at=(MEAN, -1),
        max_length=LENGTH,
        progress=progress,
    )
    table["layer"] = table["layer"].where(table["layer"] == MEAN, LAST)
    table = table.rename(columns={"measure": "quantity"})
    return _with_head(table.assign(task=data.task.name, n=len(rows)), member)


def _without_labels(member: Member, sequences: Sequence[str], progress: "Progress | None") -> "pd.DataFrame":
    """Measures of the last layer's vectors, timed; those of cells, with one seed, of plain checkpoints."""
    import pandas as pd

    from core.checkpoints.resolve import resolve
    from core.hidden_states.extraction import extract
    from core.measures import MEASURES, measure_detailed

    alike: dict[tuple[str, ...], list[str]] = {}
    for name, entry in MEASURES.items():
        cells = entry.quantizer is not None
        if entry.computed and entry.subject == "cloud" and (not cells or member.variant == "plain"):
            alike.setdefault(entry.needs, []).append(name)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "last.npy"
        started = time.perf_counter()
        extract(resolve(member.name), list(sequences), file, progress=progress)
        extraction = time.perf_counter() - started
        vectors = np.load(file)
        for names in alike.values():
            started = time.perf_counter()
            values = measure_detailed(vectors, names, progress=progress)
            seconds = time.perf_counter() - started
            rows += [
                {"quantity": name, "value": one.value, "standard_error": one.standard_error}
                | {"seconds": seconds, "extraction": extraction, "n": len(vectors)}
                for name, one in values.items()
            ]
    return _with_head(pd.DataFrame(rows).assign(task="", layer=LAST), member)


def _with_head(table: "pd.DataFrame", member: Member) -> "pd.DataFrame":
    return table.assign(part=member.part, label=member.label, base=member.base)[list(COLUMNS)]
