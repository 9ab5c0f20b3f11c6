"""Every text model class of the installed transformers, small and at random, beside plain transformers.

`python -m tests.sweep [--types TYPE…] [--limit N] [--write]` builds a checkpoint folder of each class, has
the product extract hidden states and compares them with transformers run on one sequence at a time.
`--write` writes docs/model-types.md anew. tests/test_sweep.py runs a few classes with every test run, and
all with `-m sweep`.
"""
