"""Measures of clouds and of output-embedding matrices: `MEASURES` names them, `measure` computes them."""

from core.measures.measuring import measure, measure_detailed
from core.measures.registry import GROUPS, MEASURES, Measure, Measured, select

__all__ = ["GROUPS", "MEASURES", "Measure", "Measured", "measure", "measure_detailed", "select"]
