"""Altair charts as functions of data frames."""
