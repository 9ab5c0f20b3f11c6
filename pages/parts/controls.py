"""Widgets whose values stand in the page's address, so that a link shows the same view.

Not Streamlit's own binding (`bind="query-params"` in 1.67), for three reasons. It writes what the widget
displays, so a change of words would break old links; a value set in the session state, as by a button, does
not reach the address (streamlit #14670); and a bound value leaves the address with a visit to another page
(streamlit #14350).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def control(
    draw: Callable[..., Any],
    label: str,
    key: str,
    default: Any,
    options: Sequence[Any] | None = None,
    **look: Any,
) -> Any:
    """Draw a widget whose value is in the address while it is not the default, and outlives other pages.

    Arguments:
        draw: the widget's function, such as `st.selectbox` or that of a container.
        key: of the widget, and the name in the address, so no other page may use it.
        default: the value of an address that does not name one; a list for a widget of several values.
        options: identifiers (`format_func` among `look` makes words of them); None: any text.

    Returns: the widget's value.
    """
    from_address(key, default, options)
    choices = [] if options is None else [options]
    value = draw(label, *choices, key=key, persist_state="session", **look)
    to_address(key, default)
    return value


def number(place: DeltaGenerator, label: str, key: str) -> float | None:
    """A field for a number that may be left empty, bound to the address likewise."""
    from_address(key, "")
    try:
        given = float(str(st.session_state[key]).replace(",", ""))
    except ValueError:
        given = math.nan
    if not math.isfinite(given):
        st.session_state[key] = ""
    text = place.text_input(label, key=key, persist_state="session", placeholder="any")
    to_address(key, "")
    return given if text and math.isfinite(given) else None


def from_address(key: str, default: Any, options: Sequence[Any] | None = None) -> Any:
    """Set the session state's `key` to what the address says, where that has changed; return its value.

    What is not among `options` is ignored, and so is a value of the session that is not on offer any more.
    """
    asked = [value for value in st.query_params.get_all(key) if options is None or value in options]
    if asked and asked != st.session_state.get(f"{key} in the address"):
        st.session_state[key] = asked if isinstance(default, list) else asked[0]
    elif key not in st.session_state or _gone(st.session_state[key], options):
        st.session_state[key] = default
    return st.session_state[key]


def to_address(key: str, default: Any) -> None:
    """Write the session state's `key` to the address, or nothing while it is the default."""
    value = st.session_state[key]
    if value == default or value in (None, "", []):
        st.query_params.pop(key, None)
    elif st.query_params.get_all(key) != (value if isinstance(value, list) else [value]):
        st.query_params[key] = value
    st.session_state[f"{key} in the address"] = st.query_params.get_all(key)


def _gone(value: object, options: Sequence[Any] | None) -> bool:
    """Whether a remembered choice is no longer on offer, as after a change of store."""
    if options is None or value is None:
        return False
    return any(item not in options for item in (value if isinstance(value, list) else [value]))
