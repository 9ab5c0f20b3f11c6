"""What the page Add says: of settings unlike those before, of imported scores, of uploaded vectors."""

from collections.abc import Iterable, Mapping

from core.formatting import count_of, first_few, listed

TEMPLATE_TASK = "my_task (accuracy)"
_NAMED = 5


def unlike(count: int, pairs: Iterable[tuple[str, str]]) -> str:
    """Settings that differ from those of most checkpoints; pairs: (what is asked for, what those have)."""
    differences = listed(f"{own} instead of {usual}" for own, usual in pairs)
    them = "the checkpoint" if count == 1 else f"{count} checkpoints"
    return f"Unlike {them} measured before: {differences}. Such values do not compare."


def needed(task: str, known: bool, count: int, least: int) -> str:
    """How far an imported score is from a prediction. count: checkpoints that are measured and have it."""
    if not known:
        return f"{task}: no measured checkpoint has it yet; a prediction needs {least}."
    have = f"{count} measured checkpoint{'s' * (count != 1)} ha{'ve' if count != 1 else 's'} it"
    if count >= least:
        return f"{task}: {have}, so it is predicted for the others."
    missing = least - count
    return f"{task}: {have}; {missing} more {'are' if missing > 1 else 'is'} needed for a prediction."


def not_measured(names: list[str], alike: Mapping[str, str]) -> list[str]:
    """Names in a file that no measured checkpoint has; alike: what some of them may have meant."""
    close = [f"{name} is not measured here; did you mean {alike[name]}?" for name in names if name in alike]
    others = [name for name in names if name not in alike]
    if not others:
        return close
    return [
        *close,
        f"Not measured here: {first_few(others, _NAMED)}. Such values are kept and count once that is done.",
    ]


def imported(count: int, what: str) -> str:
    """What an import has done; what: scores or covariates."""
    return f"Imported {count} {what.removesuffix('s' * (count == 1))}."


def twice(names: Iterable[str]) -> str:
    """Files of one name, which were dropped one after the other."""
    return f"Dropped twice: {listed(names)}. The later one counts."


def problems(count: int, values: int) -> str:
    """What is above the list of what is wrong with a file; values: how many could be taken in."""
    things = "One thing has" if count == 1 else f"{count} things have"
    return f"{things} to be put right before anything is imported; {values} other values can be read."


def ready(count: int, checkpoints: int, known: int, what: str) -> str:
    """What a file holds that has no problem; known: how many of the checkpoints are measured here."""
    of = f"{checkpoints} checkpoint{'s' * (checkpoints != 1)}"
    things = what.removesuffix("s" * (count == 1))
    return f"{count} {things} of {of}, {count_of(known, checkpoints)} measured here."


def known_as(name: str) -> str:
    """Uploaded vectors that the store has already."""
    return f"The same vectors are here already, as {name}; their values come from the store."


def where_read(roots: Iterable[object]) -> str:
    """Where pages read files from."""
    places = listed(map(str, roots)) or "no folder; none is set"
    return f"Pages read files under {places} (LATENT_SHORTLIST_ROOTS)."
