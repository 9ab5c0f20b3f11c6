"""Faults that really happen to a store, injected at seeded random moments; nothing may be lost or doubled.

`python -m tests.faults` prints, for each kind: trials, faults injected, rows expected and rows found.
"""
