"""Checkpoint folders with one thing changed: the product's values are plain transformers', or it says so.

`python -m tests.folder_faults --examples 2000` draws changes with Hypothesis, always the same ones, and
prints totals. tests/test_folder_faults.py runs a small number with every test run.
"""
