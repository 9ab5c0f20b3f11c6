"""Dataclasses of plain values as JSON, and back from JSON that another version may have written.

Reading drops keys that are not known and gives missing ones their defaults; what cannot be read is a
ValueError that says where.
"""

import json
import types
import typing
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

Kind = TypeVar("Kind")


def to_json(value: Any) -> dict[str, Any]:
    """A dataclass of plain values, and of such dataclasses, as JSON values."""
    return json.loads(json.dumps(asdict(value)))


def from_json(cls: type[Kind], content: Any, name: str | None = None) -> Kind:
    """What `to_json` made of a `cls`; ValueError, which says where, for what cannot be one.

    name: what to call it in the message; the class' name by default.
    """
    return _decoded(cls, content, name or cls.__name__)


@cache
def _types(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _decoded(kind: Any, content: Any, where: str) -> Any:
    """`content` as a value of the annotated type `kind`."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return content
    if origin in (typing.Union, types.UnionType):
        for option in inner:
            try:
                return _decoded(option, content, where)
            except ValueError:
                continue
    elif hasattr(kind, "from_json") and isinstance(content, dict):
        return kind.from_json(content)
    elif is_dataclass(kind) and isinstance(content, dict):
        return _dataclass(kind, content, where)
    elif origin in (tuple, list) and isinstance(content, list | tuple):
        return origin(_decoded(inner[0], item, where) for item in content)
    elif origin is dict and isinstance(content, dict):
        return {_decoded(inner[0], key, where): _decoded(inner[1], content[key], where) for key in content}
    elif kind is float and isinstance(content, int | float) and not isinstance(content, bool):
        return float(content)
    elif isinstance(kind, type) and type(content) is kind:  # a bool is no int here
        return content
    raise ValueError(f"{where} is {json.dumps(content)[:60]}")


def _dataclass(cls: Any, content: dict[str, Any], where: str) -> Any:
    given = {}
    for one in fields(cls):
        if one.name in content:
            given[one.name] = _decoded(_types(cls)[one.name], content[one.name], f"{where}.{one.name}")
        elif one.default is MISSING and one.default_factory is MISSING:
            raise ValueError(f"{where} has no {one.name}")
    return cls(**given)
