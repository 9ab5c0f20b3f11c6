"""Gaps of token distances out of the store, as the page on them draws it."""

from dataclasses import dataclass

from cache.gap_rows import measured
from cache.remembered import by_state
from cache.store import Store
from cache.tables import whole
from core.token_sets.comparison import Panel, leaders, measured_panels, published_panels, verdict
from core.wording import token_gap as wording


@dataclass(frozen=True)
class Reading:
    """What a panel says: in one line, how its gaps rank the scores, and who has the largest gap."""

    heading: str
    verdict: str
    leader: str


@by_state(4)
def panels(store: Store) -> list[Panel]:
    """Every panel of gaps there is, those measured here first."""
    published = whole(store, "gap")
    return measured_panels(measured(store), whole(store, "scores"), published) + published_panels(published)


@by_state(64)
def reading(store: Store, panel: str, distance: str) -> Reading:
    """What the panel of that id says of the gaps in "cosine" or "euclidean" distance."""
    shown = next(one for one in panels(store) if one.id == panel)
    judged, first = verdict(shown, distance), leaders(shown, distance)
    return Reading(
        wording.heading(shown, judged, first, distance),
        wording.verdict(judged, shown.benchmark or "score"),
        wording.leader(shown, first),
    )


@by_state(4)
def claim(store: Store) -> str:
    """Where the paper's claim does not follow from its tables; "" without those."""
    published = {panel.benchmark: panel for panel in panels(store) if panel.published}
    if not {"MATH", "HumanEval"} <= published.keys():
        return ""
    judged = {
        (name, distance): verdict(published[name], distance).overall
        for name in ("MATH", "HumanEval")
        for distance in ("cosine", "euclidean")
    }
    return wording.claim(judged)
