"""Every measure by its name: the one list that choices, tooltips, help texts and docs are made from.

The entries are those of the modules in `core.measures.families`: a module put there is found, and no list
names it.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any

from core.errors import InputError
from core.measures import families
from core.measures.entry import Group, Measure


def collect(package: Any) -> tuple[dict[str, Group], dict[str, Measure]]:
    """(groups by name, measures by name) that the modules of a package define.

    A module of a family has `ENTRIES`, and `GROUP` where the group is not another module's. Groups stand in
    the order of their places, measures in the order of groups, modules and entries, those that need more
    than one table of vectors last.
    Raises ValueError for a name that is given twice and for a group that no module defines.
    """
    groups: list[Group] = []
    entries: list[Measure] = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        groups += [module.GROUP] if hasattr(module, "GROUP") else []
        entries += module.ENTRIES
    places = {group.name: group.place for group in groups}
    for names in ([group.name for group in groups], [entry.name for entry in entries]):
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"Given twice among groups or measures: {', '.join(sorted(twice))}.")
    if unknown := {entry.group for entry in entries} - set(places):
        raise ValueError(f"No family defines the group {', '.join(sorted(unknown))}.")
    groups.sort(key=lambda group: group.place)
    entries.sort(key=lambda entry: (places[entry.group], not entry.computed))
    return {group.name: group for group in groups}, {entry.name: entry for entry in entries}


GROUPS, MEASURES = collect(families)
COMPUTED = tuple(  # the groups whose measures need a checkpoint and a text alone
    name for name in GROUPS if any(entry.computed for entry in MEASURES.values() if entry.group == name)
)


def _elsewhere(name: str, entry: Measure) -> str:
    """Where a measure, or a group with that measure in it, is asked for."""
    if "labels" in entry.needs:
        return f"{name} needs labels: measure it with `cli.py measure CHECKPOINT --labels FILE`."
    return f"{name} compares tokens of two sets: measure it with `cli.py gap CHECKPOINT --domain SET`."


def select(names: str | Iterable[str] | None) -> list[str]:
    """Measure names for what a person asked for: "all" (or None), groups, names of measures, or a mix.

    Arguments:
        names: a comma-separated string or the names one by one. A group, or "lsq" and "pq" for the halves of
            the cells, stands for those of its measures that are computed here; "all" for all of them but the
            cells, which train a quantizer, take a minute where the rest takes a second, and need as many
            vectors as it has centroids: ask for them with "all,cells"; and but those of decoders alone, which
            take a forward pass of their own: "all,decoder". "dispersion" is the group in a string, as a
            person types it, and the measure where names come one by one, so that selecting from a selection
            changes nothing.

    Returns: names of measures in the order asked for, each once.
    Raises InputError for an unknown name, for a measure not computed here, and for no name at all.
    """
    asked = ["all"] if names is None else names.split(",") if isinstance(names, str) else names
    words = dict.fromkeys(word for entry in MEASURES.values() for word in entry.selected_by)
    groups = [*COMPUTED, *(word for word in words if word not in GROUPS and word != "all")]
    chosen: dict[str, None] = {}
    for name in filter(None, (name.strip() for name in asked)):
        if name != "all" and name not in groups and name not in MEASURES and name not in GROUPS:
            close = difflib.get_close_matches(
                name, ["all", *groups, *(m for m in MEASURES if MEASURES[m].computed)]
            )
            hint = f" (did you mean {' or '.join(close)}?)" if close else ""
            raise InputError(
                f"There is no measure called {name!r}{hint}; give 'all', a group ({', '.join(groups)}) "
                "or a name that `cli.py measures` lists."
            )
        alone = name in MEASURES and (name not in GROUPS or not isinstance(names, str))
        meant = [MEASURES[name]] if alone else [e for e in MEASURES.values() if name in e.selected_by]
        if not any(entry.computed for entry in meant):
            raise InputError(_elsewhere(name, meant[0]))
        chosen.update({entry.name: None for entry in meant if entry.computed})
    if not chosen:
        raise InputError("No measure was named; give 'all' or names separated by commas.")
    return list(chosen)
