"""Breaks small corpora on purpose: kills, damaged files, full disks, hostile files; does the next run say or mend it?

    python benchmarks/break_campaign.py --n 300 --seed 1 --write     # hundreds of cases: an hour or two
    python benchmarks/break_campaign.py --n 40                       # fewer
    python benchmarks/break_campaign.py --only damage --case 17      # one of them again

    python benchmarks/break_campaign.py --quick --n 12               # damage of a corpus that gets no new rows

The same seed tries the same cases; only kills "at a moment" depend on how fast the machine is. "Same" means that all
tables without run id, times and table versions, the content of the queue and the SHA-256 of the released data equal
those of a corpus that nothing disturbed. A case fails where a command ends by a traceback or a signal, hangs, or where
the result is another one and nobody is told. "Told" means: a sentence and exit status 1, or a line that names what
is lost or damaged.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from results import append_results, environment

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_engine_tests" / "support"))

import campaign_damage
import campaign_hostile
import campaign_kills
from campaign_place import (
    Ended,
    Place,
    case_random,
    differences,
    give_new_rows,
    import_engine,
    limit_file_size,
    write_project,
)
from small_project import SmallProject

MOST_MB = 3000
#: Words of a line that tells of something lost, damaged or made anew.
_TELLING = ("made anew", "is lost", "damaged", "is gone", "checksum", "held", "computed anew", "read again")
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


@dataclass
class Outcome:
    """What came of a case.

    Attributes:
        kind: Which kind of case.
        number: Which one of its kind.
        what: What was done.
        result: `same`, `told`, `read` or, for a failure, anything else.
        is_found: Whether `data-engine check` found the damage, where there was any.
        details: What the commands said, of failures and of what was told.
    """

    kind: str
    number: int
    what: str
    result: str
    seconds: float = 0.0
    is_found: bool | None = None
    details: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether the engine failed."""
        return self.result not in ("same", "told", "read")


@dataclass
class Campaign:
    """The undisturbed corpora that cases are compared with.

    Attributes:
        folder: Where everything lies.
        seed: Of the cases.
        fresh: A project that nothing was run on.
        earlier: The same after its first run.
        finished: The same after a second run, over another batch.
        expected: The states that fresh, and finished with new rows, end in.
        n_changes: How many changes the runs of fresh, and of finished with new rows, make.
        run_s: How long these take.
    """

    folder: Path
    seed: int
    fresh: Place
    earlier: Place
    finished: Place
    expected: dict[str, dict[str, list[str]]]
    n_changes: dict[str, int]
    run_s: dict[str, float]

    @classmethod
    def prepare(cls, folder: Path, seed: int, *, is_quick: bool) -> "Campaign":
        """Run the undisturbed corpora, or take those that lie there; quickly: only once."""
        made = folder / "campaign.json"
        places = [Place(folder / name) for name in ("fresh", "earlier", "finished")]
        if made.exists():
            return cls(folder, seed, *places, **json.loads(made.read_text("utf-8")))
        fresh = write_project(folder / "fresh")
        expected, n_changes, run_s = {}, {}, {}

        def undisturbed(place: Place, name: str) -> Place:
            told, start = place.folder / "changes.txt", time.monotonic()
            ended = place.command("run", "notes", before=lambda: campaign_kills.tell_changes(place.folder, told))
            assert ended.status == 0, ended.said
            run_s[name], n_changes[name] = time.monotonic() - start, int(told.read_text())
            told.unlink()
            expected[name] = place.state()
            return place

        earlier = undisturbed(fresh.copy_to(folder / "earlier"), "fresh")
        if is_quick:
            return cls(folder, seed, fresh, earlier, earlier, {"still": expected["fresh"]}, n_changes, run_s)
        finished = earlier.copy_to(folder / "finished")
        give_new_rows(finished, "july", 60, 7)
        undisturbed(finished, "still")
        again = finished.copy_to(folder / "again")
        _more(again)
        undisturbed(again, "more")
        shutil.rmtree(again.folder)
        made.write_text(json.dumps({"expected": expected, "n_changes": n_changes, "run_s": run_s}), "utf-8")
        return cls(folder, seed, *places, expected, n_changes, run_s)

    def start(self, name: str, case: Path) -> Place:
        """A copy of what the expected state of that name starts from."""
        place = (self.fresh if name == "fresh" else self.finished).copy_to(case)
        if name == "more":
            _more(place)
        return place


def _more(place: Place) -> None:
    give_new_rows(place, "june", 12, 99)


def judged(ended: Ended, place: Place, expected: dict[str, list[str]], outcome: Outcome) -> Outcome:
    """The outcome of a case by its last command and by what is there."""
    if ended.broke:
        outcome.result = ended.broke
        outcome.details += [ended.said[-1500:]]
        return outcome
    changed = differences(place.state(), expected)
    telling = [line.strip() for line in ended.said.splitlines() if any(word in line for word in _TELLING)]
    if ended.status:
        outcome.result = "told"
        outcome.details += [ended.last_line, *telling[:5]]
    elif not changed:
        outcome.result = "same"
    else:
        outcome.result = "told" if telling else "silently another result"
        outcome.details += [*(f"{name}: {rows}" for name, rows in changed.items()), *telling[:5]]
        if not telling:
            outcome.details += [ended.said[-600:]]
    return outcome


def killed(campaign: Campaign, kind: str, number: int, case: Path) -> Outcome:
    """Kill a run once, twice or three times, and let the next one come to its end."""
    random = case_random(campaign.seed, kind, number)
    name = random.choice(["fresh", "more"])
    place = campaign.start(name, case)
    done = []
    for _ in range(random.choice([1, 1, 2, 3])):
        if kind == "kill at a change":
            at = random.randint(1, campaign.n_changes[name])
            ended = place.command("run", "notes", before=lambda at=at: campaign_kills.die_at_change(case, at))  # type: ignore[misc]
            done.append(f"change {at} of {campaign.n_changes[name]}")
        elif kind == "kill at a point":
            point = campaign_kills.chosen_point(random)
            ended = place.command("run", "notes", before=lambda point=point: campaign_kills.die_at_point(point))  # type: ignore[misc]
            done.append(point)
        else:
            moment = random.uniform(0, campaign.run_s[name])
            ended = place.command("run", "notes", kill_after_s=moment)
            done.append(f"after {moment:.1f} s")
        if ended.status != -9:
            done[-1] += f" (came to its end: {ended.status})"
            if ended.broke:
                return Outcome(kind, number, f"{name}: {', '.join(done)}", ended.broke, details=[ended.said[-1500:]])
    outcome = Outcome(kind, number, f"{name}: {', '.join(done)}", "")
    outcome = judged(place.command("run", "notes"), place, campaign.expected[name], outcome)
    if outcome.result == "told":
        outcome.result = "not the same after a kill"
    if not outcome.failed:
        ended = place.command("check", "notes")
        if ended.status:
            outcome.result = ended.broke or "check finds errors after the rerun"
            outcome.details.append(ended.said[-1500:])
    return outcome


def damaged(campaign: Campaign, kind: str, number: int, case: Path) -> Outcome:
    """Damage the data of a finished corpus, check them, and run with or without new rows."""
    random = case_random(campaign.seed, kind, number)
    name = random.choice([name for name in ("more", "more", "still") if name in campaign.expected])
    place = campaign.start(name, case)
    if kind == "damage":
        what = campaign_damage.damage_a_file(place.data, random)
    elif kind == "loss":
        what = campaign_damage.lose_a_part(place.data, random)
    else:
        what = campaign_damage.put_back_an_older(place.data, campaign.earlier.data, random)
    outcome = Outcome(kind, number, f"{name}: {what}", "")
    checked = place.command("check", "notes")
    outcome.is_found = checked.status == 1
    if checked.broke:
        outcome.details.append(f"check: {checked.said[-1500:]}")
        outcome.result = f"check: {checked.broke}"
        return outcome
    return judged(place.command("run", "notes"), place, campaign.expected[name], outcome)


def full_disk(campaign: Campaign, kind: str, number: int, case: Path) -> Outcome:
    """Run on a disk, or with files, that cannot grow as far as the run needs; then with room enough."""
    random = case_random(campaign.seed, kind, number)
    name = random.choice(["fresh", "more"])
    mib = random.uniform(0.1, 8)
    which = random.choice(["data", "home"])
    place = campaign.start(name, case)
    disk = place.data if which == "data" else place.home
    disk.mkdir(exist_ok=True)
    kept = case / "kept"
    disk.rename(kept)
    disk.mkdir()
    used = sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())
    with campaign_kills.small_disk(disk, 64 << 20) as resize:
        shutil.copytree(kept, disk, dirs_exist_ok=True)
        if resize is None:
            what = f"{name}: no file beyond {mib / 8:.2f} MiB"
            first = place.command("run", "notes", before=lambda: limit_file_size(int(mib * 2**17)))
        else:
            blocks = sum(-(-path.stat().st_size // 4096) * 4096 for path in disk.rglob("*") if path.is_file())
            blocks += 4096 * sum(1 for _ in disk.rglob("*"))
            resize(max(used, blocks) + int(mib * 2**20))
            what = f"{name}: {mib:.2f} MiB more for {which}"
            first = place.command("run", "notes")
            resize(256 << 20)
        outcome = Outcome(kind, number, f"{what}; first: exit {first.status}", "")
        if first.broke:
            outcome.result = f"full: {first.broke}"
            outcome.details = [first.said[-1500:]]
            return outcome
        outcome = judged(place.command("run", "notes"), place, campaign.expected[name], outcome)
    if outcome.result == "told":
        outcome.result = "not the same after room was made"
    outcome.details.append(f"first: {first.last_line}")
    return outcome


def hostile(campaign: Campaign, kind: str, number: int, case: Path) -> Outcome:
    """Run a corpus of sound files and hostile ones."""
    random = case_random(campaign.seed, kind, number)
    cases = sorted(campaign_hostile.CASES)
    case_name = cases[number % len(cases)]
    source_kind, write = campaign_hostile.CASES[case_name]
    place = Place(case, "hostile")
    source = place.project / "source"
    source.mkdir(parents=True)
    (place.project / "outside.txt").write_text(campaign_hostile.OUTSIDE, "utf-8")
    place.home.mkdir()
    SmallProject(place.project).add(campaign_hostile.attributes_of(source_kind))
    n_sound = campaign_hostile.write_sound(source_kind, source)
    write(source, random)
    ended = place.command("run", "hostile")
    outcome = Outcome(kind, number, case_name, "", details=[ended.last_line])
    told = case / "rows.json"
    place.command(before=lambda: (told.write_text(json.dumps(_rows(place))), os._exit(0)))
    rows = json.loads(told.read_text()) if told.exists() else []
    n_readable = sum("sound" in row["uri"] and row["is_readable"] for row in rows)
    others = [row for row in rows if "sound" not in row["uri"]]
    outcome.details += [str(row["error"])[:300] for row in others if row["error"]][:3]
    if ended.broke:
        outcome.result, outcome.details = ended.broke, [ended.said[-1500:]]
    elif ended.peak_mb > MOST_MB:
        outcome.result = f"{ended.peak_mb:,.0f} MB of memory"
    elif any(campaign_hostile.OUTSIDE in str(row["text"]) for row in rows) or Path("/tmp/evil").exists():
        outcome.result = "left the source"
    elif n_readable < n_sound and "hostile" not in ended.said:
        outcome.result = f"{n_readable} of {n_sound} sound samples, and no word"
    else:
        outcome.result = "read" if others and all(row["is_readable"] for row in others) else "told"
        if not others and "hostile." not in ended.said:
            outcome.result = "no row and no word"
    return outcome


def _rows(place: Place) -> list[dict[str, object]]:
    from data_engine.orchestration.launch.project import Project

    store = Project(place.project).runtime(place.corpus).store()
    if not store.exists("raw_index"):
        return []
    rows: list[dict[str, object]] = store.read("raw_index", columns=["uri", "is_readable", "error", "text"]).to_pylist()
    return rows


TRIED: dict[str, Callable[[Campaign, str, int, Path], Outcome]] = {
    "kill at a change": killed,
    "kill at a point": killed,
    "kill at a moment": killed,
    "damage": damaged,
    "loss": damaged,
    "older copy": damaged,
    "full disk": full_disk,
    "hostile file": hostile,
}


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
        f"Seed {seeds}, {len(outcomes)} cases; every kind and what counts as a failure is in the script. Of damage, the last "
        "column says of how many cases that did not end like the undisturbed corpus `data-engine check` knew before the run.",
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
