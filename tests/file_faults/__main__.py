"""Try many odd and damaged files, and print what became of them: `python -m tests.file_faults`."""

import argparse
import faulthandler
import sys
import tempfile
from pathlib import Path

from tests.file_faults.trying import HANG, tried
from tests.file_faults.trying import files as odd_files


def main() -> int:
    """Exit status 1 where a file ends in anything but the right values or one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000, help="files to try")
    parser.add_argument("--seed", type=int, default=0, help="of the files; the same seed gives the same")
    parser.add_argument("--only", help="one of them, as a fault names it")
    options = parser.parse_args()
    chosen = odd_files(options.examples, options.seed, options.only)
    with tempfile.TemporaryDirectory() as folder:
        totals = tried(chosen, Path(folder))
    forms = sorted({form for form, _ in totals.outcomes})
    print(f"{'form':40}{'read':>8}{'refused':>9}{'faults':>8}")
    for form in [*forms, "all"]:
        counts = [
            sum(n for (one, what), n in totals.outcomes.items() if what == outcome and form in (one, "all"))
            for outcome in ("read", "refused", "fault")
        ]
        print(f"{form:40}{counts[0]:8,}{counts[1]:9,}{counts[2]:8,}")
    print(f"Slowest reading: {totals.slowest:.2f} s (a hang: more than {HANG:.0f} s).")
    for fault in totals.faults:
        print(fault)
    return 1 if totals.faults else 0


if __name__ == "__main__":
    faulthandler.enable()
    sys.exit(main())
