"""Predict scores from measures: candidates, regressions, intervals, selection, applicability, ranking."""
