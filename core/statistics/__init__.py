"""Estimators, each once: correlations, bootstrap, partial correlation, scaling law."""
