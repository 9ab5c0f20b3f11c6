"""Measures of clouds and of output-embedding matrices: `MEASURES` names them, `measure` computes them."""

from core.measures.entry import Measure, Measured
from core.measures.measuring import measure, measure_cells, measure_detailed, measure_text
from core.measures.registry import GROUPS, MEASURES, select

__all__ = [
    "GROUPS",
    "MEASURES",
    "Measure",
    "Measured",
    "measure",
    "measure_cells",
    "measure_detailed",
    "measure_text",
    "select",
]
