"""Results that are remembered as long as the store they came from stays the same."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from cache.store import Store

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


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
