"""Breaks small corpora on purpose: kills, damaged files, full disks, hostile files; does the next run say or mend it?

    python benchmarks/break_campaign.py --n 300 --seed 1 --write     # hundreds of cases: an hour or two
    python benchmarks/break_campaign.py --n 40                       # fewer
    python benchmarks/break_campaign.py --only damage --case 17      # one of them again

    python benchmarks/break_campaign.py --quick --n 12               # damage of a corpus that gets no new rows

The same seed tries the same cases; only kills "at a moment" depend on how fast the machine is. "Same" means that all
tables without run id, times and table versions, the content of the queue and the SHA-256 of the released data equal
those of a corpus that nothing disturbed. A case fails where a command ends by a traceback or a signal, hangs, or where
the result is another one and nobody is told. "Told" means: a sentence and exit status 1, or a line that names what
is lost or damaged; where the run had nothing to do, and so read no rows, that `data-engine check` finds it.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from results import append_results, environment

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_engine_tests" / "support"))

from campaign_cases import TRIED, Campaign, Outcome
from campaign_place import import_engine

#: How many cases of each kind there are in twenty.
SHARES = {
    "kill at a change": 3,
    "kill at a point": 2,
    "kill at a moment": 1,
    "damage": 7,
    "loss": 2,
    "older copy": 1,
    "full disk": 1,
    "hostile file": 3,
}
#: Kinds that need no run over new rows.
QUICK = ("damage", "loss", "hostile file")


def cases_of(n: int, *, is_quick: bool) -> list[tuple[str, int]]:
    """The first n cases: kinds in turn by their shares, and their numbers within the kind."""
    shares = {kind: SHARES[kind] for kind in QUICK} if is_quick else SHARES
    # Spread over the twenty, so that few cases have every kind too.
    spread = sorted((i / share, kind) for kind, share in shares.items() for i in range(share))
    counted: Counter[str] = Counter()
    found = []
    for place in range(n):
        kind = spread[place % len(spread)][1]
        found.append((kind, counted[kind]))
        counted[kind] += 1
    return found


def try_case(campaign: Campaign, kind: str, number: int) -> Outcome:
    """One case in a folder of its own, which is gone afterwards."""
    case, start = campaign.folder / f"{kind}-{number}".replace(" ", "_"), time.monotonic()
    try:
        outcome = TRIED[kind](campaign, kind, number, case)
    finally:
        shutil.rmtree(case, ignore_errors=True)
    outcome.seconds = time.monotonic() - start
    return outcome


def side_by_side(campaign: Campaign, cases: list[tuple[str, int]], n_processes: int, ends: float) -> list[Outcome]:
    """All cases that can be tried until a time, in some processes."""
    children = []
    for worker in range(n_processes):
        child = os.fork()
        if child:
            children.append(child)
            continue
        try:
            with (campaign.folder / f"outcomes-{worker}.jsonl").open("w", encoding="utf-8") as file:
                for kind, number in cases[worker::n_processes]:
                    if time.monotonic() > ends:
                        break
                    outcome = try_case(campaign, kind, number)
                    file.write(json.dumps(asdict(outcome)) + "\n")
                    file.flush()
                    print(said_of(outcome), flush=True)
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children), "a process of the campaign itself failed"
    files = sorted(campaign.folder.glob("outcomes-*.jsonl"))
    return [Outcome(**json.loads(line)) for file in files for line in file.read_text("utf-8").splitlines()]


def said_of(outcome: Outcome) -> str:
    """A line of a case, and what was said where it is more than that."""
    found = {None: "", True: "; check finds it", False: "; check finds nothing"}[outcome.is_found]
    line = f"{'FAILURE ' if outcome.failed else ''}{outcome.kind} {outcome.number}: {outcome.what}: {outcome.result}"
    shown = outcome.details if outcome.failed else outcome.details[:2]
    return "\n    ".join([f"{line}{found} ({outcome.seconds:.0f} s)", *(repr(text) for text in shown if text)])


def table_of(outcomes: list[Outcome], seeds: str) -> list[str]:
    """The table of RESULTS.md."""
    lines = [
        f"Seed {seeds}, {len(outcomes)} cases; what each is and what is a failure stands in the script. `same`: "
        "the run after it ended like an undisturbed one. The last column says how many of those that did not "
        "`data-engine check` found in the damaged folder before that run.",
        "",
        "| test | tried | same | told | failures | found by check |",
        "|---|---|---|---|---|---|",
    ]
    for kind in SHARES:
        mine = [outcome for outcome in outcomes if outcome.kind == kind]
        if not mine:
            continue
        counted = Counter("failure" if o.failed else "same" if o.result in ("same", "read") else "told" for o in mine)
        failures = Counter(outcome.result for outcome in mine if outcome.failed)
        named = "; ".join(f"{n} {result}" for result, n in failures.most_common()) or "0"
        matter = [o for o in mine if o.is_found is not None and o.result != "same"]
        found = f"{sum(bool(o.is_found) for o in matter)} of {len(matter)}" if matter else ""
        lines.append(f"| {kind} | {len(mine)} | {counted['same']} | {counted['told']} | {named} | {found} |")
    failed = [outcome for outcome in outcomes if outcome.failed]
    if failed:
        lines += ["", "Failures:", ""]
        lines += [f"- `--only '{o.kind}' --case {o.number}`: {o.what}: {o.result}" for o in failed]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=40, help="cases of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=sorted(SHARES), help="cases of one kind only")
    parser.add_argument("--case", type=int, help="with --only: this one")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="damage and hostile files only; no new rows")
    parser.add_argument("--minutes", type=float, default=600, help="begin no case after that time")
    parser.add_argument("--folder", type=Path, help="where everything lies meanwhile; default: the temporary folder")
    parser.add_argument("--prepared", type=Path, help="where undisturbed corpora are kept for the next call")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    if args.only:
        cases = [(args.only, number) for number in ([args.case] if args.case is not None else range(args.n))]
    else:
        cases = cases_of(args.n, is_quick=args.quick)
    for name in ("HF_HUB_OFFLINE", "DAGSTER_DISABLE_TELEMETRY"):
        os.environ[name] = "1"
    ends = time.monotonic() + 60 * args.minutes
    import_engine()
    with tempfile.TemporaryDirectory(prefix="break_campaign_", dir=args.folder) as scratch:
        campaign = Campaign.prepare(args.prepared or Path(scratch), args.seed, is_quick=args.quick)
        campaign.folder = Path(scratch)
        print({name: f"{seconds:.0f} s" for name, seconds in campaign.run_s.items()}, campaign.n_changes, flush=True)
        outcomes = side_by_side(campaign, cases, args.processes, ends)
    lines = table_of(outcomes, str(args.seed))
    print("\n".join(lines), environment(), sep="\n")
    if args.write:
        append_results("What breaks a corpus", "\n".join(lines))
    raise SystemExit(any(outcome.failed for outcome in outcomes))


if __name__ == "__main__":
    main()
