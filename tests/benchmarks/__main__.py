"""`make bench`: every benchmark, one after the other, each in a process of its own (memory is measured).

`python -m tests.benchmarks measures cells` runs only those two.
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main(chosen: list[str]) -> int:
    """Run the benchmarks named, or all; returns how many failed."""
    expected = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    if unknown := [name for name in chosen if name not in expected]:
        print(
            f"There is no benchmark {', '.join(unknown)}: give any of {', '.join(expected)}.", file=sys.stderr
        )
        return 1
    failed = 0
    for name in chosen or expected:
        print(f"== {name} ==", flush=True)
        failed += (
            subprocess.run([sys.executable, "-m", f"{__package__}.bench_{name}"], check=False).returncode != 0
        )
        print(flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
