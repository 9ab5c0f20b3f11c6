"""Tests; the folders mirror those of the product."""

from pathlib import Path

TOP = Path(__file__).resolve().parents[1]  # the project's folder
