"""No two files of the pages share a widget key, or a choice on one page would press a button on another."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests import TOP

FILES = {str(file.relative_to(TOP)): file.read_text() for file in sorted((TOP / "pages").rglob("*.py"))}


def takers(sources: dict[str, str]) -> dict[str, int]:
    """Functions with a parameter `key`, which they give to a widget: name → its place among the arguments."""
    functions = [
        node
        for source in sources.values()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    ]
    arguments = {
        node.name: [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)] for node in functions
    }
    return {name: names.index("key") for name, names in arguments.items() if "key" in names}


SORTING = {"sorted", "sort", "sort_values", "sort_index", "min", "max", "groupby"}  # whose key is a function


def given(source: str, places: dict[str, int]) -> Iterator[ast.expr]:
    """What a file gives as `key`, by name or, to one of the functions in `places`, by place."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] not in SORTING:
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "key")
            place = places.get(node.func.id if isinstance(node.func, ast.Name) else "")
            if place is not None and len(node.args) > place:
                yield node.args[place]


def pattern(value: ast.expr) -> str | None:
    """The key as a regular expression, in which what an f-string fills in may be anything.

    None for a function's own parameter `key`.
    """
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return re.escape(value.value)
    if isinstance(value, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else None for part in value.values]
        assert parts[0], f"line {value.lineno}: a key begins with a word that its page alone has"
        return "".join(".+" if part is None else re.escape(str(part)) for part in parts)
    name = ast.unparse(value)
    assert name == "key", f"line {value.lineno}: the key {name} cannot be read here; write it in its place"
    return None


def keys(sources: dict[str, str]) -> list[tuple[str, str]]:
    """(file, pattern) of every key."""
    places = takers(sources)
    named = {
        (file, result)
        for file, source in sources.items()
        for value in given(source, places)
        if (result := pattern(value))
    }
    return sorted(named)


def clash(one: str, other: str) -> bool:
    """Whether two patterns can be one key: where one fits the other with its gaps filled."""

    def filled(text: str) -> str:
        return re.sub(r"\\(.)", r"\1", text.replace(".+", "x"))

    return bool(re.fullmatch(one, filled(other)) or re.fullmatch(other, filled(one)))


def clashes(sources: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """(file, key, other file, its key) for each two keys of different files that clash."""
    named = keys(sources)
    return [
        (file, key, other, its)
        for place, (file, key) in enumerate(named)
        for other, its in named[place + 1 :]
        if file != other and clash(key, its)
    ]


def test_no_two_files_share_a_key() -> None:
    assert len(keys(FILES)) > 70
    assert clashes(FILES) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("st.button('Go', key='measure')", "choose('measure')"),
        ("st.button('Go', key=f'large-{n}')", "st.button('Go', key='large-7')"),
        ("st.button('Go', key=f'large-{n}')", "st.button('Go', key=f'large-{m}')"),
    ],
)
def test_the_check_can_fail(one: str, other: str) -> None:
    parts = "def choose(key):\n    st.selectbox('Which', [], key=key)"
    assert len(clashes({"pages/a.py": one, "pages/b.py": other, "pages/parts/c.py": parts})) == 1
    assert clashes({"pages/a.py": one, "pages/b.py": "choose('another')", "pages/parts/c.py": parts}) == []


def test_a_key_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(AssertionError, match="cannot be read"):
        keys({"pages/a.py": "st.button('Go', key=again)"})
    with pytest.raises(AssertionError, match="begins with a word"):
        keys({"pages/a.py": "st.button('Go', key=f'{kind}-{name}')"})
