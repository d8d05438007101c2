"""Inputs that nobody listed, for a time each: damaged files of every kind, settings, classes, labels, printed texts.

    python benchmarks/hostile_inputs.py --seconds 30 --seed 1 --write     # a quarter of an hour
    python benchmarks/hostile_inputs.py --only 'file: csv' --seconds 120  # one kind for longer

An input is handled where it is read, where its rows have a reason, or where the engine refuses it in a sentence that
names the file; anything else (another error, a row without a reason, half a minute for one small file, a control
character on the terminal) is a failure, and is printed with its number, which makes it again. Of sound inputs in odd
forms nothing may be lost or changed. Whole runs over hostile files are in `break_campaign.py`.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from results import append_results

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_engine_tests" / "support"))

from hostile_forms import READ, REASON
from hostile_inputs import REFUSED, TRIED


def tried_for(kind: str, seconds: float, seed: int, folder: Path) -> Counter[str]:
    """How many inputs of a kind ended in which way; each has a random state of its own."""
    counted: Counter[str] = Counter()
    ends = time.monotonic() + seconds
    number = 0
    while time.monotonic() < ends:
        try:
            counted[TRIED[kind](folder, Random(f"{seed} {kind} {number}"))] += 1
        except Exception as error:
            counted["failure"] += 1
            print(f"{kind} {number}: {type(error).__name__}: {str(error)[:300]}", flush=True)
        number += 1
    return counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10, help="for each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=list(TRIED), help="one kind only")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    logging.disable()
    lines = [f"Seed {args.seed}, {args.seconds:g} s for each kind; what is a failure stands in the script.", ""]
    lines += [f"| input | tried | {READ} | {REASON} | {REFUSED} | failures |", "|---|---|---|---|---|---|"]
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="hostile_inputs_") as scratch:
        for kind in [args.only] if args.only else TRIED:
            folder = Path(scratch) / kind.replace(" ", "_").replace(":", "")
            folder.mkdir()
            counted = tried_for(kind, args.seconds, args.seed, folder)
            total += counted
            lines.append(_row(kind, counted))
            print(lines[-1], flush=True)
    lines.append(_row("all", total))
    print(lines[-1])
    if args.write:
        append_results("Inputs that nobody listed", "\n".join(lines))
    raise SystemExit(bool(total["failure"]))


def _row(kind: str, counted: Counter[str]) -> str:
    numbers = (counted.total(), *(counted[name] for name in (READ, REASON, REFUSED, "failure")))
    return f"| {kind} | {' | '.join(f'{number:,}' for number in numbers)} |"


if __name__ == "__main__":
    main()
