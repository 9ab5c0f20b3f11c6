"""What pages show at first visit, computed ahead by a thread of the server after each change of the store.

Everything here is remembered by the state of the store (`cache.remembered`) or once a process, so a page that
asks meanwhile waits for what is being computed, and finds the rest there.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from cache.store import Store
from core.errors import InputError

EVERY = 2.0  # seconds between two looks at the state of the store

log = logging.getLogger(__name__)


def start(store: Store) -> threading.Thread:
    """Compute ahead for a store as long as the process lives."""
    thread = threading.Thread(target=_keep_up, args=(store,), name="computing ahead", daemon=True)
    thread.start()
    return thread


def _keep_up(store: Store) -> None:
    seen = ""
    with suppress(InputError):  # of a store that is not there any more
        while True:
            state = store.state()
            if state != seen:
                seen = state
                compute(store)
            time.sleep(EVERY)


def compute(store: Store) -> None:
    """What each page shows before anything is chosen; stops where the store changes meanwhile."""
    state = store.state()
    for step in steps(store):
        if store.state() != state:
            return
        try:
            step()
        except InputError:  # the page says it in one sentence
            continue
        except Exception:  # a fault here must not keep the rest from being computed; the page shows it
            log.exception("Not computed ahead: %s", step)


def steps(store: Store) -> Iterator[Callable[[], object]]:
    """What is computed, most wanted first."""
    from cache import cells, evidence, gaps, studies
    from cache.predictions import predictable

    for score in predictable(store)[:1]:
        yield partial(_shortlist, store, score)
        yield partial(evidence.key_of, store, score, evidence.ALL, ())
    for step in (evidence.associated, _scatter, cells.drawn, gaps.claim):
        yield partial(step, store)
    yield from (studies.paper, studies.own_study, studies.label_study, studies.ranked_by_published)


def _shortlist(store: Store, score: str) -> None:
    """Predictions by default, and the rankings that Shortlist draws of them."""
    from cache import predictions as made
    from cache.tables import one_row_each
    from core.prediction import DEFAULT
    from core.prediction.by_measure import rankable

    overview = one_row_each(store)
    everyone = frozenset(map(str, overview.rows.index))
    made.predictions_of(store, score, DEFAULT, (), None)
    made.shortlist_of(store, score, DEFAULT, (), None, everyone)
    counts = made.references(store, score)
    largest = max(counts, key=counts.__getitem__)
    made.measures_of_reference(store, score, largest)
    own = overview.rows[overview.rows["origin"] != "published"]
    for measure in [name for name in rankable(overview.measures) if own[name].notna().any()][:1]:
        made.shortlist_by_measure(store, score, measure, everyone)
        made.rank_evidence_of(store, score, largest, measure)


def _scatter(store: Store) -> None:
    """The numbers that Explore's chart offers, and those that it draws at first."""
    from cache import relations

    offered = relations.axes(store)
    if len(offered) < 2:
        return
    x, y = relations.first_axes(offered)
    found = relations.samples(store, (x, y))
    relations.relation(store, x, y, found[0].id if found else None, (), by_family=False)
