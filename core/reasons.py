"""Why a value is missing, not comparable or to be read with care: a code and its values.

What computes something states its reasons as data; `core.wording` turns each into a sentence and a label.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, init=False)
class Reason:
    """One reason, for example `Reason("outside_range", measure="eee", value=0.99, low=0.56, high=0.97)`."""

    code: str
    values: Mapping[str, Any] = field(hash=False)

    def __init__(self, code: str, /, **values: Any) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "values", values)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Reason":
        """What `dataclasses.asdict` made of a reason; its tuples are lists then."""
        return cls(content["code"], **content["values"])

    def __getitem__(self, name: str) -> Any:
        """The value of that name. Raises KeyError for a name that this reason does not have."""
        return self.values[name]
