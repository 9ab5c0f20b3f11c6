"""A reason is data: compared, hashed and pickled by its code and values."""

import pickle
from dataclasses import FrozenInstanceError

import pytest

from core.reasons import Reason


def test_reasons_are_equal_by_code_and_values_and_survive_pickling() -> None:
    one = Reason("outside_range", measure="eee", value=0.99)
    assert one == Reason("outside_range", value=0.99, measure="eee") == pickle.loads(pickle.dumps(one))
    assert one != Reason("outside_range", measure="eee", value=0.98) and one != Reason("not_measured")
    assert one["measure"] == "eee" and len({one, Reason("outside_range", measure="eee", value=0.99)}) == 1


def test_a_reason_cannot_be_changed_and_has_only_its_own_values() -> None:
    one = Reason("not_measured", measures=("eee",))
    with pytest.raises(FrozenInstanceError):
        one.code = "other"  # type: ignore[misc]
    with pytest.raises(KeyError):
        one["low"]
