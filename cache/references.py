"""References of real checkpoints: which of them are measured here, and what the rest would take.

A checkpoint of a reference is looked for by its hub id, as `core.scores.names` compares names.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cache import hub_sizes, samples
from cache.remembered import by_state
from cache.requests import Settings
from cache.store import Store
from cache.tables import one_row_each, whole
from core.hub.patience import LONGEST_WAIT
from core.measures import MEASURES, select
from core.reference.members import NAMES, members
from core.scores.names import match

if TYPE_CHECKING:
    import pandas as pd

OWN = ("imported", "measured")  # origins of scores that are the user's


@dataclass(frozen=True)
class Entry:
    """A checkpoint of a reference.

    measures: those it has here, with the settings asked for. lacking: those asked for that it has not.
    bytes: what measuring them downloads; None: not known; stated: the hub said so, else it follows from the
    number of parameters. problem: why it cannot be measured as far as that is known, or "".
    """

    name: str
    parameters: int | None
    measures: tuple[str, ...]
    lacking: tuple[str, ...]
    bytes: int | None
    stated: bool
    problem: str = ""


@dataclass(frozen=True)
class Sum:
    """Bytes of several checkpoints, known of `sized` of them: of `stated` because the hub said so."""

    checkpoints: int
    sized: int
    stated: int
    bytes: int


@dataclass(frozen=True)
class Standing:
    """How far a reference is measured here.

    checkpoints: that have scores. measured: of these, with a measure of their own. measures: name → how many
    have it. parameters: of those `sized` checkpoints whose number is known. rest: what the others would
    download; None where nothing is to be measured.
    """

    name: str
    checkpoints: int
    measured: int
    measures: dict[str, int]
    parameters: int
    sized: int
    rest: Sum | None = None


def standings(store: Store) -> list[Standing]:
    """Every reference, in the order in which they are listed."""
    rows = one_row_each(store).rows
    perturbed = rows[(rows["origin"] == "published") & (rows["variant"] == "perturbed")]
    return [
        _whole("perturbed", perturbed, one_row_each(store).measures),
        *(_of_hub(store, name) for name in NAMES),
        _whole("own", _own(store), one_row_each(store).measures),
    ]


def entries(store: Store, reference: str, settings: Settings | None = None) -> list[Entry]:
    """The checkpoints of a reference, the smallest first, those of unknown size last.

    settings: measures count as taken only where they were taken so; None: however they were taken, and
    nothing is lacking but a first measurement of all.
    Raises InputError for an unknown reference.
    """
    listed = members(reference)
    subjects = match([member.name for member in listed], _called(store)).found
    taken = _taken(store, settings)
    sizes = {row.subject: row.parameters for row in whole(store, "checkpoints").itertuples()}
    names = select(settings.measures if settings else "all")
    made = []
    for member in listed:
        subject = subjects.get(member.name, "")
        own = taken.get(subject, frozenset())
        asked = hub_sizes.remembered(store, member.name)
        counted = sizes.get(subject)
        lacking = () if own and settings is None else tuple(name for name in names if name not in own)
        if only_matrix(lacking):
            size, stated = asked.matrix, asked.matrix is not None
        else:
            size = member.bytes_about if asked.bytes is None else asked.bytes
            stated = asked.bytes is not None
        made.append(
            Entry(
                member.name,
                int(counted) if counted == counted and counted else asked.parameters or member.parameters,
                tuple(name for name in MEASURES if name in own),
                lacking,
                size if lacking else 0,
                stated,
                asked.problem,
            )
        )
    return sorted(made, key=lambda entry: (_size(entry), entry.name.lower()))


def within(listed: Iterable[Entry], most: int | None) -> list[Entry]:
    """Those to measure: they lack something, and have at most so many parameters, as far as is known."""
    return [
        entry
        for entry in listed
        if entry.lacking and (most is None or entry.parameters is None or entry.parameters <= most)
    ]


def available(chosen: Iterable[Entry]) -> list[Entry]:
    """Those that the hub gives, as far as that is known."""
    return [entry for entry in chosen if not entry.problem]


def summed(chosen: Sequence[Entry]) -> Sum:
    """What measuring these downloads."""
    sizes = [entry.bytes for entry in chosen if entry.bytes is not None]
    stated = sum(entry.stated and entry.bytes is not None for entry in chosen)
    return Sum(len(chosen), len(sizes), stated, sum(sizes))


def only_matrix(names: Iterable[str]) -> bool:
    """Whether these measures need nothing of the weights but the output-embedding matrix."""
    chosen = list(names)
    return bool(chosen) and all(MEASURES[name].subject == "unembedding" for name in chosen)


def ask(
    store: Store,
    chosen: Sequence[Entry],
    progress: Callable[[int, int], object] = lambda done, total: None,
    *,
    longest: float = LONGEST_WAIT,
) -> None:
    """Ask the hub how large these are, and remember it; arguments and errors as of `hub_sizes.ask`."""
    wanted = {entry.name: only_matrix(entry.lacking) for entry in chosen}
    hub_sizes.ask(store, wanted, progress, longest=longest)


def _size(entry: Entry) -> float:
    if entry.bytes:
        return float(entry.bytes)
    return float("inf") if entry.parameters is None else 4.0 * entry.parameters


def _whole(name: str, rows: "pd.DataFrame", measures: Iterable[str]) -> Standing:
    """A reference whose checkpoints are measured already."""
    counts = {measure: int(rows[measure].notna().sum()) for measure in measures}
    parameters = rows["parameters"].dropna()
    return Standing(
        name,
        len(rows),
        len(rows),
        {measure: count for measure, count in counts.items() if count},
        int(parameters.sum()),
        len(parameters),
    )


def _of_hub(store: Store, name: str) -> Standing:
    listed = entries(store, name)
    counts = Counter(measure for entry in listed for measure in entry.measures)
    parameters = [entry.parameters for entry in listed if entry.parameters is not None]
    return Standing(
        name,
        len(listed),
        sum(bool(entry.measures) for entry in listed),
        {measure: counts[measure] for measure in MEASURES if counts[measure]},
        sum(parameters),
        len(parameters),
        summed(within(listed, None)),
    )


def _own(store: Store) -> "pd.DataFrame":
    """The rows of checkpoints measured here that have a score of the user's own."""
    from core.scores.readings import attributed

    overview = one_row_each(store)
    rows = overview.rows[overview.rows["origin"] != "published"]
    rows = rows[rows[overview.measures].notna().any(axis=1)]
    scores = whole(store, "scores")
    called = {subject: words for subject, words in _called(store).items() if subject in set(rows.index)}
    own = attributed(scores[scores["origin"].isin(OWN)], called)
    return rows[rows.index.isin(own["subject"])]


@by_state(4)
def _called(store: Store) -> dict[str, set[str]]:
    """Subject → everything that a checkpoint measured here is called."""
    called: dict[str, set[str]] = {}
    rows = store.query(
        "SELECT subject, name, path FROM checkpoints WHERE origin <> 'published' "
        "UNION ALL SELECT subject, name, path FROM names"
    )
    for subject, *words in rows.itertuples(index=False):
        called.setdefault(subject, set()).update(word for word in words if isinstance(word, str))
    return called


@by_state(8)
def _taken(store: Store, settings: Settings | None) -> dict[str, frozenset[str]]:
    """Subject → its measures of the newest version, taken as the settings say; None: however taken."""
    rows = store.query(
        """SELECT m.subject, m.measure, m.version, m.cloud, t.sample_fingerprint, t.position, t.max_length,
            t.layer, c.layers
        FROM measurements m JOIN checkpoints c USING (subject) LEFT JOIN clouds t USING (cloud)
        WHERE m.origin = 'measured' AND m.value IS NOT NULL AND m.parameters = '{}'"""
    )
    rows = rows[rows["version"] == rows["measure"].map({n: m.version for n, m in MEASURES.items()})]
    if settings is not None:
        drawn = samples.drawn(store, settings.corpus, settings.sequences, settings.seed, settings.column)
        layer = rows["layers"] if settings.layer is None else settings.layer
        alike = (rows["sample_fingerprint"] == drawn) & (rows["position"] == settings.position)
        alike &= rows["layer"] == layer
        alike &= rows["max_length"].fillna(0) == (settings.max_length or 0)
        rows = rows[alike | (rows["cloud"] == "")]
    return {subject: frozenset(group["measure"]) for subject, group in rows.groupby("subject")}
