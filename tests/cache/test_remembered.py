"""Results stand as long as the store does, and the oldest make room."""

from pathlib import Path

from cache.remembered import by_state
from cache.store import Store
from tests import stores


def test_a_result_stands_until_the_store_changes(tmp_path: Path) -> None:
    store = stores.new(tmp_path / "store")
    calls: list[tuple[str, int]] = []

    @by_state(2)
    def computed(store: Store, name: str, *, size: int = 1) -> list[str]:
        calls.append((name, size))
        return [name] * size

    first = computed(store, "a")
    assert computed(Store(store.folder), "a") is first and calls == [("a", 1)]
    assert computed(store, "a", size=2) == ["a", "a"]
    store.add("checkpoints", [{"subject": "s", "name": "s", "origin": "measured"}])
    store.ingest()
    assert computed(store, "a") == first and computed(store, "a") is not first
    assert calls == [("a", 1), ("a", 2), ("a", 1)]


def test_the_oldest_make_room(tmp_path: Path) -> None:
    store = stores.new(tmp_path / "store")
    calls: list[str] = []

    @by_state(2)
    def computed(store: Store, name: str) -> str:
        calls.append(name)
        return name

    for name in ("a", "b", "a", "c", "a", "b"):  # "b" was the oldest when "c" came
        computed(store, name)
    assert calls == ["a", "b", "c", "b"]
