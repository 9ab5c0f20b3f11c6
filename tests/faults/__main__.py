"""`python -m tests.faults [--trials N] [--seed S]`: faults, and the rows that are left after them."""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from tests.faults.trials import KINDS, trial


def main() -> int:
    """Exit status 1 where a row is missing, doubled or changed, or the next start fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--trials", type=int, default=40, help="of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of the first trial")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)  # what is mended is said, and expected here
    print(f"{'fault':12}{'trials':>8}{'injected':>10}{'expected':>10}{'found':>8}{'failed':>8}")
    wrong = 0
    for kind in KINDS:
        faults = expected = found = failed = 0
        for seed in range(asked.seed, asked.seed + asked.trials):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    outcome = trial(kind, seed, Path(folder))
                except Exception as error:
                    failed += 1
                    print(f"{kind} {seed}: {type(error).__name__}: {error}", flush=True)
                    continue
            faults, expected, found = (
                faults + outcome.faults,
                expected + outcome.expected,
                found + outcome.found,
            )
            if outcome.found < outcome.expected:
                print(f"{kind} {seed}: {outcome.expected} rows expected, {outcome.found} found", flush=True)
        print(f"{kind:12}{asked.trials:8}{faults:10}{expected:10}{found:8}{failed:8}", flush=True)
        wrong += expected - found + failed
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
