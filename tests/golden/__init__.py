"""What must not change when code moves: keys, fingerprints, JSON documents and rankings, in JSON files.

`python -m tests.golden` writes the files anew; `tests/test_golden.py` compares. Everything is driven through
`cli.main` and read from the store by SQL, so that the files do not depend on where modules live; the one
exception is the rankings, whose imports stand in `rankings.py`.

Names, keys, fingerprints, counts and structure are exact. Numbers agree to the relative tolerance of their
file in `making.TOLERANCES`: 1e-9 where they follow from the published figures, 1e-5 (or 1e-6 absolute, for
spreads between seeds) where a model was run or a quantizer trained. That is what differs between CPUs: one
thread or two differ in nothing; with kernels for AVX-512, AVX2 or SSE4 measures differ by up to 2e-6 of their
value, spreads by up to 5e-7, predictions by less than 1e-9, and no key, fingerprint or cell differs.
Sentences for people are not compared: whether there is one is. Fields may be added to a document.
"""
