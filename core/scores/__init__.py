"""Benchmark scores: files that hold them, which checkpoint is meant, and which reading of a task is shown."""
