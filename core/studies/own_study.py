"""The project's own repetition of arXiv 2406.12159: which checkpoints, and the table that comes of them.

Two bases: a small encoder pre-trained here (`core.studies.pretraining`) and the installed MiniLM. Each is
perturbed as in the paper's Eq. 1, and made non-standard as in its Section 3.4; the small one is also
pre-trained on objectives that teach no language. The results stand in `core/reference/own_study.csv`; a
later run goes on from them.

Not covered: more than one pre-training seed, and any encoder of the size people use.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.checkpoints.variants import SEEDS
from core.errors import InputError
from core.studies.pretraining import OBJECTIVES

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("small", "minilm")
SEQUENCES = 1000  # of PTB + WikiText-2 that its checkpoints are measured on
SMALL, MINILM = "small encoder", "MiniLM"
LEVELS = {
    "small": (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0),
    "minilm": (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.3, 1.0),
}
NON_STANDARD = ("shuffled", "untrained", "reinitialised")
SWAPPED = ("shuffled-corpus", "random-number")  # whose input embeddings the small encoder is given
COLUMNS = (
    *("part", "label", "base", "objective", "variant", "alpha", "noise_seed"),
    *("kind", "quantity", "value", "sd", "repeats", "n", "d", "text", "protocol"),
)


@dataclass(frozen=True)
class Member:
    """A checkpoint of the study. name: as `core.checkpoints.resolve.resolve` takes it; label: as the table
    has it."""

    part: str
    name: str
    label: str
    base: str
    objective: str
    variant: str  # plain, perturbed, non-standard or objective
    alpha: float | None = None
    noise_seed: int | None = None


def members(part: str, folder: Path) -> list[Member]:
    """The checkpoints of one part, in the order that says most when the study is stopped early.

    folder: where the small encoders are, one folder an objective. The plain one first, then each level once,
    then the non-standard ones, then further draws of the noise (of the small encoder).
    Errors: InputError for an unknown part.
    """
    if part not in PARTS:
        raise InputError(f"The study has no part {part}: give one of {', '.join(PARTS)}.")
    small = part == "small"
    plain = "masked-words" if small else "as published"
    stem, base = (str(folder / plain), SMALL) if small else ("minilm", MINILM)
    made = [Member(part, stem, base, base, plain, "plain")]

    def noisy(seed: int) -> list[Member]:
        return [
            Member(
                part,
                f"{stem}+noise:{alpha:g}:{seed}",
                f"{base}, {100 * alpha:g} % noise, seed {seed}",
                base,
                plain,
                "perturbed",
                alpha,
                seed,
            )
            for alpha in LEVELS[part]
        ]

    made += noisy(SEEDS[0])
    for kind in NON_STANDARD:
        seed = SEEDS[0]
        label = f"{base}, {kind}, seed {seed}"
        made.append(Member(part, f"{stem}+{kind}:{seed}", label, base, plain, "non-standard", None, seed))
    if small:
        for other in SWAPPED:
            name, label = f"{stem}+embeddings-of:{folder / other}", f"{base}, embeddings of {other}"
            made.append(Member(part, name, label, base, plain, "non-standard"))
        made += [
            Member(part, str(folder / objective), f"{base}, {objective}", base, objective, "objective")
            for objective in OBJECTIVES
            if objective != plain
        ]
        for seed in SEEDS[1:]:
            made += noisy(seed)
    return made


def table(
    studied: Iterable[Member],
    measurements: "pd.DataFrame",
    scores: "pd.DataFrame",
    subjects: dict[str, str],
) -> "pd.DataFrame":
    """The long table of the study, COLUMNS, one row a quantity of a checkpoint.

    Arguments:
        measurements: subject, measure, seed, value, n, d, text (which sample; "" where none was read).
        scores: subject, task, protocol (in words), seed (of fine-tuning), value.
        subjects: a member's name → its subject; members without one are left out.

    A measure's `sd` is that over seeds of the quantizer, a score's over seeds of fine-tuning; empty with one.
    """
    import pandas as pd

    rows = []
    measured = dict(list(measurements.groupby("subject"))) if len(measurements) else {}
    scored = dict(list(scores.groupby("subject"))) if len(scores) else {}
    for member in studied:
        subject = subjects.get(member.name)
        if subject is None:
            continue
        head = {key: value for key, value in vars(member).items() if key != "name"}
        keys = ["measure", "text"]
        for (name, text), group in measured[subject].groupby(keys) if subject in measured else ():
            size = {"n": group["n"].iloc[0], "d": group["d"].iloc[0], "text": text}
            rows.append(head | {"kind": "measure", "quantity": name} | size | _spread(group["value"]))
        keys = ["task", "protocol"]
        for (task, protocol), group in scored[subject].groupby(keys) if subject in scored else ():
            rows.append(
                head | {"kind": "score", "quantity": task, "protocol": protocol} | _spread(group["value"])
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def shipped() -> "pd.DataFrame":
    """The table of the study that comes with the project, COLUMNS; empty where none does."""
    import pandas as pd

    file = Path(__file__).parents[1] / "reference" / "own_study.csv"
    return pd.read_csv(file) if file.is_file() else pd.DataFrame(columns=list(COLUMNS))


def finished(long: "pd.DataFrame", tasks: Iterable[str]) -> set[str]:
    """Labels of the checkpoints that have a score of each task and measures of quantized cells too."""
    done = []
    for label, rows in long.groupby("label"):
        scored = set(rows.loc[rows["kind"] == "score", "quantity"])
        measured = rows.loc[rows["kind"] == "measure", "quantity"].str.startswith("lsq_").any()
        done += [str(label)] if measured and set(tasks) <= scored else []
    return set(done)


def _spread(values: "pd.Series") -> dict[str, float | int | None]:
    many = len(values) > 1
    return {"value": values.mean(), "sd": values.std() if many else None, "repeats": len(values)}


def merged(old: "pd.DataFrame", new: "pd.DataFrame") -> "pd.DataFrame":
    """Both tables in one; of a quantity in both, the newer row."""
    import pandas as pd

    keys = ["label", "kind", "quantity", "text", "protocol"]
    both = pd.concat([part for part in (old, new) if len(part)] or [new], ignore_index=True)
    kept = both.fillna({"text": "", "protocol": ""}).drop_duplicates(keys, keep="last")
    order = {label: place for place, label in enumerate(dict.fromkeys(both["label"]))}
    place = kept["label"].map(order)
    by = ["place", "kind", "quantity", "text"]
    return kept.assign(place=place).sort_values(by, kind="stable")[list(COLUMNS)]


def usual(long: "pd.DataFrame") -> "pd.DataFrame":
    """The rows of one protocol and one text for each quantity of a part.

    A score under several protocols is that of the protocol most checkpoints of its part have; a measure on
    several texts that of the text most have, of equals the one with more vectors, since cell measures of
    different numbers of vectors do not compare.
    """
    filled = long.fillna({"text": "", "protocol": "", "n": 0})
    keys = ["part", "quantity", "text", "protocol"]
    counts = filled.groupby(keys).agg(labels=("label", "nunique"), n=("n", "max")).reset_index()
    chosen = counts.sort_values(["labels", "n"], kind="stable").drop_duplicates(keys[:2], keep="last")
    return filled.merge(chosen[keys], on=keys)


def wide(long: "pd.DataFrame") -> "pd.DataFrame":
    """One row a checkpoint: what it is, then a column a measure and a score (their means) that are usual."""
    values = usual(long).pivot(index="label", columns="quantity", values="value")
    facts = ["part", "base", "objective", "variant", "alpha", "noise_seed"]
    return long.drop_duplicates("label").set_index("label")[facts].join(values)
