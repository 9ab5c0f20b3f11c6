"""The GLUE tasks: where their examples come from, and how an answer is scored.

Metrics are those of the GLUE benchmark (Wang et al. 2018); a task's score is their mean, as in the tables of
arXiv 2406.12159. WNLI is left out there and here. Labels are coded as in the hub's `nyu-mll/glue`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

HUB = "nyu-mll/glue"


@dataclass(frozen=True)
class Task:
    """A task. columns: of text, on the hub; classes: 1 for a graded answer; rows: official, train and dev."""

    name: str
    hub: str
    columns: tuple[str, ...]
    classes: int
    metrics: tuple[str, ...]
    formed: str
    rows: tuple[int, int]
    dev: str = "validation"


_MEAN_F1 = "mean of accuracy and F1"
TASKS = {
    task.name: task
    for task in (
        Task("CoLA", "cola", ("sentence",), 2, ("matthews",), "Matthews correlation", (8551, 1043)),
        Task(
            "MNLI",
            "mnli",
            ("premise", "hypothesis"),
            3,
            ("accuracy",),
            "accuracy on the matched pairs",
            (392_702, 9815),
            "validation_matched",
        ),
        Task("MRPC", "mrpc", ("sentence1", "sentence2"), 2, ("accuracy", "f1"), _MEAN_F1, (3668, 408)),
        Task("QNLI", "qnli", ("question", "sentence"), 2, ("accuracy",), "accuracy", (104_743, 5463)),
        Task("QQP", "qqp", ("question1", "question2"), 2, ("accuracy", "f1"), _MEAN_F1, (363_846, 40_430)),
        Task("RTE", "rte", ("sentence1", "sentence2"), 2, ("accuracy",), "accuracy", (2490, 277)),
        Task("SST-2", "sst2", ("sentence",), 2, ("accuracy",), "accuracy", (67_349, 872)),
        Task(
            "STS-B",
            "stsb",
            ("sentence1", "sentence2"),
            1,
            ("pearson", "spearman"),
            "mean of Pearson and Spearman correlation",
            (5749, 1500),
        ),
    )
}


@dataclass(frozen=True)
class Examples:
    """n texts or pairs of texts, and their labels (n,)."""

    first: list[str]
    second: list[str] | None
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def head(self, count: int | None) -> "Examples":
        """The first `count` examples; None: all."""
        return Examples(self.first[:count], self.second and self.second[:count], self.labels[:count])


@dataclass(frozen=True)
class TaskData:
    """A task's examples; `fingerprint` (32 hex digits) is over all, `source` says whence."""

    task: Task
    train: Examples
    dev: Examples
    source: str
    fingerprint: str

    def used(self, train_examples: int | None = None) -> str:
        """Which examples a score rests on: "all 2,490 + 277 examples", or how many of the official ones.

        train_examples: trained on the first so many; None: on all.
        """
        trained, scored = len(self.train.head(train_examples)), len(self.dev)
        official = self.task.rows
        if (trained, scored) == official:
            return f"all {trained:,} + {scored:,} examples"
        return f"{trained:,} of {official[0]:,} + {scored:,} of {official[1]:,} examples"


def task_named(name: str) -> Task:
    """The task of that name; InputError, with the names there are, for another."""
    if name not in TASKS:
        raise InputError(f"{name} is no GLUE task: give one of {', '.join(TASKS)}.")
    return TASKS[name]


def load(name: str, folder: Path | None) -> TaskData:
    """A task's training and development examples, from Parquet files in `folder` or from the hub (None).

    folder: holds `CoLA.train.parquet` and `CoLA.dev.parquet` (parts of a split as
    `CoLA.train_subset.parquet`, MNLI's as `MNLI.dev_matched.parquet`) with columns sentence1, sentence2 and
    label, or the hub's own files.
    Errors: InputError for an unknown task, and for data that are not there or cannot be used.
    """
    task = task_named(name)
    if folder is None:
        train, dev = (_from_hub(task, split) for split in ("train", task.dev))
        source = f"the hub's {HUB}"
    else:
        train, dev = (_from_folder(task, folder, split) for split in ("train", "dev"))
        source = f"Parquet files of {folder.name}"
    digest = hashlib.blake2b(digest_size=16)
    for part in (train, dev):
        for text in [*part.first, *(part.second or [])]:
            data = text.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "little") + data)
        digest.update(np.ascontiguousarray(part.labels, dtype=np.float64).tobytes())
    return TaskData(task, train, dev, source, digest.hexdigest())


def _from_folder(task: Task, folder: Path, split: str) -> Examples:
    import pandas as pd

    names = [f"{task.name}.{split}{rest}.parquet" for rest in ("", "_matched", "_subset")]
    hub_split = task.dev if split == "dev" else split
    files = [folder / name for name in names if (folder / name).is_file()]
    files = files[:1] or sorted((folder / task.hub).glob(f"{hub_split}-*.parquet"))
    if not files:
        raise InputError(
            f"{folder} holds no {split} examples of {task.name}: put {names[0]} (columns sentence1, "
            "sentence2, "
            "label) there, or leave the task out."
        )
    try:
        frame = pd.concat([pd.read_parquet(path) for path in files], ignore_index=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{files[0]} cannot be read as Parquet: save or download it again.") from error
    return _examples(task, frame, files[0].name)


def _from_hub(task: Task, split: str) -> Examples:
    from datasets import load_dataset

    try:
        frame = load_dataset(HUB, task.hub, split=split).to_pandas()
    except Exception as error:  # of datasets, huggingface_hub and the network: many kinds, one meaning
        raise InputError(
            f"{task.name} cannot be fetched from the hub ({HUB}): go online once, or name a folder of "
            "Parquet "
            "files with the examples."
        ) from error
    return _examples(task, frame, f"{HUB} {task.hub}")


def _examples(task: Task, frame: "pd.DataFrame", name: str) -> Examples:
    pair = len(task.columns) > 1
    own = ["sentence1", "sentence2"][: 1 + pair]
    columns = own if set(own) <= set(frame.columns) else list(task.columns)
    if missing := [column for column in [*columns, "label"] if column not in frame.columns]:
        raise InputError(
            f"{name} lacks the column {', '.join(missing)}: give {', '.join(own)} and label, one row an "
            "example."
        )
    labels = frame["label"].to_numpy(np.float64)
    graded = task.classes == 1
    bad = ~np.isfinite(labels) if graded else ~np.isin(labels, range(task.classes))
    texts = frame[columns]
    if frame.empty or bad.any() or texts.isna().any(axis=None):
        row = int(np.argmax(bad | texts.isna().any(axis=1).to_numpy())) + 1 if len(frame) else 0
        wanted = "a number" if graded else f"a label from 0 to {task.classes - 1}"
        raise InputError(f"{name} cannot be used: row {row} lacks a text or {wanted}; fill it in.")
    second = texts[columns[1]].astype(str).tolist() if pair else None
    return Examples(
        texts[columns[0]].astype(str).tolist(), second, labels if graded else labels.astype(np.int64)
    )


def metrics(task: Task, labels: np.ndarray, answers: np.ndarray) -> dict[str, float]:
    """The task's metrics. labels: (n,); answers: (n,) classes, or numbers for a graded task.

    A correlation with a constant side is 0, as the GLUE script has it.
    """
    from scipy.stats import pearsonr, spearmanr
    from sklearn.metrics import f1_score, matthews_corrcoef

    constant = len(np.unique(answers)) < 2 or len(np.unique(labels)) < 2
    ways = {
        "accuracy": lambda: np.mean(labels == answers),
        "f1": lambda: f1_score(labels, answers, zero_division=0),
        "matthews": lambda: matthews_corrcoef(labels, answers),
        "pearson": lambda: 0.0 if constant else pearsonr(labels, answers)[0],
        "spearman": lambda: 0.0 if constant else spearmanr(labels, answers)[0],
    }
    return {name: float(ways[name]()) for name in task.metrics}
