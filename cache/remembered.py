"""Results that are remembered as long as the store they came from stays the same."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from cache.store import Store

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def once(function: Callable[[], Result]) -> Callable[[], Result]:
    """Remember the result of a function as long as the process lives; nobody may change it."""
    kept: list[Result] = []
    lock = threading.RLock()  # one thread computes, the others wait for it

    @wraps(function)
    def remembered() -> Result:
        with lock:
            if not kept:
                kept.append(function())
            return kept[0]

    return remembered


def by_state(
    most: int,
) -> Callable[
    [Callable[Concatenate[Store, Arguments], Result]], Callable[Concatenate[Store, Arguments], Result]
]:
    """Remember the `most` newest results of a function of a store and of hashable arguments.

    A result stands until the store's state (`Store.state`) changes. All sessions of the app get the same
    object, so nobody may change it.
    """

    def decorate(
        function: Callable[Concatenate[Store, Arguments], Result],
    ) -> Callable[Concatenate[Store, Arguments], Result]:
        kept: OrderedDict[Any, Result] = OrderedDict()
        lock = threading.RLock()  # one session computes, the others wait for it; a result may need another

        @wraps(function)
        def remembered(store: Store, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            key = (store.state(), args, tuple(sorted(kwargs.items())))
            with lock:
                if key not in kept:
                    kept[key] = function(store, *args, **kwargs)
                    while len(kept) > most:
                        kept.popitem(last=False)
                kept.move_to_end(key)
                return kept[key]

        return remembered

    return decorate
