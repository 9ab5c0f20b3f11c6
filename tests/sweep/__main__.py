"""`python -m tests.sweep [--types …] [--limit N] [--write]`: the sweep, and docs/model-types.md."""

import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports huggingface_hub

import argparse
import tempfile
import time
from pathlib import Path

from tests import TOP
from tests.sweep import report
from tests.sweep.comparing import FOLDER, compare
from tests.sweep.making import cases

PAGE = TOP / "docs/model-types.md"


def main() -> int:
    """Sweep; 1 where a class is apart from plain transformers without a word, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.sweep", description=__doc__)
    parser.add_argument("--types", nargs="*", help="model types to sweep; all by default")
    parser.add_argument("--limit", type=int, help="sweep only so many classes, spread over all")
    parser.add_argument("--seconds", type=int, default=120, help="a class may take")
    parser.add_argument("--keep", type=Path, help="a file of results; classes that stand in it are not run")
    parser.add_argument(
        "--write", action="store_true", help="write docs/model-types.md anew, of all results there are"
    )
    asked = parser.parse_args()
    chosen = [case for case in cases() if not asked.types or case.model_type in asked.types]
    if asked.limit is not None:
        chosen = chosen[:: max(1, len(chosen) // max(1, asked.limit))][: asked.limit]
    kept = report.read(asked.keep)
    for case in chosen:
        started = time.perf_counter()
        if case not in kept:
            with tempfile.TemporaryDirectory() as place:
                kept[case] = compare(case, Path(place) / FOLDER, asked.seconds)
            report.keep(kept[case], asked.keep)
        last, seconds = kept[case], time.perf_counter() - started
        print(case.model_type, case.name, last.outcome, f"{seconds:.1f}", last.reason, sep="\t", flush=True)
    results = [kept[case] for case in cases() if case in kept]
    print(report.totals(results))
    if asked.write:
        PAGE.write_text(report.page(results, len(cases())), encoding="utf-8")
    return 1 if any(one.outcome == "apart" for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
