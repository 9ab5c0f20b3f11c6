"""Tests; the folders mirror those of the product."""

from pathlib import Path

TOP = Path(__file__).resolve().parents[1]  # the project's folder


def page_names(top: Path = TOP) -> list[str]:
    """The pages of the app, by their files in pages/ without the ending: also their addresses."""
    return sorted(file.stem for file in (top / "pages").glob("*.py"))
