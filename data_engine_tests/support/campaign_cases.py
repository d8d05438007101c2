"""The cases of the break campaign: each breaks a copy of a small corpus and judges how the next commands end.

How often which case is tried, and the table of results, are in `benchmarks/break_campaign.py`.
"""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import campaign_damage
import campaign_hostile
import campaign_kills
from campaign_place import Ended, Place, case_random, differences, give_new_rows, limit_file_size, write_project
from small_project import SmallProject

MOST_MB = 3000
#: Words of a line that tells of something lost, damaged or made anew.
_TELLING = ("made anew", "is lost", "damaged", "is gone", "checksum", "held", "computed anew", "read again")


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
    ended = place.command("run", "notes")
    outcome = judged(ended, place, campaign.expected[name], outcome)
    if outcome.failed and outcome.is_found and not ended.broke and "no step ran" in ended.said:
        # Without anything to do a run reads no rows: that is what `check` is for.
        outcome.result = "told"
    return outcome


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
