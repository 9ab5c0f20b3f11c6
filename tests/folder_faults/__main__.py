"""`python -m tests.folder_faults [--examples N] [--show OUTCOME]`: changed folders, and totals."""

import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports huggingface_hub

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from tests.folder_faults.changes import Change
from tests.folder_faults.comparing import OUTCOMES, Result
from tests.folder_faults.drawing import run


def main() -> int:
    """Draw and compare; 1 where any value is apart from plain transformers without a word, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.folder_faults", description=__doc__)
    parser.add_argument("--examples", type=int, default=2000, help="how many changes to draw")
    parser.add_argument("--show", choices=OUTCOMES, default="apart", help="print the changes that came to it")
    asked = parser.parse_args()
    counts: dict[str, Counter[str]] = {}

    def seen(name: str, change: Change, value: str, result: Result) -> None:
        counts.setdefault(value, Counter())[result.outcome] += 1
        if result.outcome == asked.show:
            print(name, change, value, result.reason, sep="\t", flush=True)

    with tempfile.TemporaryDirectory() as place:
        run(asked.examples, Path(place), seen)
    for value, of_value in counts.items():
        parts = (f"{of_value[key]} {words}" for key, words in OUTCOMES.items())
        print(f"{value}: {of_value.total()} examples: {'; '.join(parts)}")
    return 1 if any(of_value["apart"] for of_value in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
