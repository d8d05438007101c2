"""What new data costs: a full run, then 1 % new texts, then nothing new; and a backfill with one and two processes.

    python benchmarks/incremental.py growth   [--write] [--copies 1 3] [--encoder all-MiniLM-L6-v2]
    python benchmarks/incremental.py backfill [--write] [--processes 2]

The texts are those of the demo's corpus, written as files into a project of their own; with `--copies` each comes
several times with four words in ten exchanged. Every run is a process of its own, timed from its start to its end. The
goal is that 1 % new texts cost at most 3 % of a full run.
"""

import argparse
import importlib.util
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

GOAL, NEW_SHARE, N_BATCHES, CORPUS = 0.03, 0.01, 8, "licence_texts"
_SHIPPED = Path(__file__).resolve().parents[1] / "data_engine" / "defs" / "license_notices"


def licence_rows(copies: int) -> list[dict[str, Any]]:
    """The rows of the demo's corpus, each `copies` times with other words, in a fixed random order."""
    package = importlib.util.find_spec("licensedcode")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("the texts are of the package licensedcode-data; pip install licensedcode-data")
    flags = ("is_license_reference", "is_license_tag", "is_license_intro", "is_license_clue", "is_false_positive")
    rows = []
    for file in sorted(Path(next(iter(package.submodule_search_locations)), "data", "rules").glob("*.RULE")):
        _, header, text = file.read_text("utf-8").split("---\n", 2)
        said = yaml.load(header, Loader=yaml.CSafeLoader)
        if any(said.get(flag) for flag in flags):
            kept = {key: said.get(key) for key in ("license_expression", "is_false_positive")}
            rows.append({"id": file.stem, "text": text.strip(), **kept})
    draw, n_rows = random.Random(0), len(rows)
    words = sorted({word for row in rows for word in row["text"].split()})
    for copy in range(1, copies):
        for row in rows[:n_rows]:
            changed = [draw.choice(words) if draw.random() < 0.4 else word for word in row["text"].split()]
            rows.append({**row, "id": f"{row['id']}-{copy}", "text": " ".join(changed)})
    draw.shuffle(rows)
    return rows


@contextmanager
def project_of(rows: list[dict[str, Any]], encoder: str) -> Iterator[Path]:
    """A project folder with one corpus of these rows in eight files, like the shipped one but for the source."""
    with tempfile.TemporaryDirectory(prefix="incremental_") as scratch:
        folder = Path(scratch)
        defs = folder / "growing" / "defs" / CORPUS
        defs.mkdir(parents=True)
        for package in (folder / "growing", folder / "growing" / "defs"):
            (package / "__init__.py").touch()
        (folder / "pyproject.toml").write_text(
            '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "growing"\n', "utf-8"
        )
        described = yaml.safe_load((_SHIPPED / "defs.yaml").read_text("utf-8"))
        described["attributes"] |= {
            "name": CORPUS,
            "encoder": encoder,
            "source": {"kind": "jsonl", "path": str(folder / "source"), "pattern": "*.jsonl", "id_column": "id"},
            "batches": {"by": "file"},
        }
        described["attributes"]["first_pass"]["junk"]["batches"] = ["part-0.jsonl", "part-1.jsonl"]
        (defs / "defs.yaml").write_text(yaml.safe_dump(described), "utf-8")
        shutil.copy(_SHIPPED / "classes.txt", defs)
        for number in range(N_BATCHES):
            write_batch(folder, f"part-{number}", rows[number::N_BATCHES])
        yield folder


def write_batch(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """One file of the source, which is one batch."""
    (folder / "source").mkdir(exist_ok=True)
    (folder / "source" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def timed(folder: Path, *arguments: str) -> tuple[float, float]:
    """Seconds of `data-engine ARGUMENTS` from start to end, and its processor seconds.

    Python keeps its bytecode, as it does unless it is told not to.
    """
    repository = str(_SHIPPED.parents[2])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), repository, os.environ.get("PYTHONPATH", "")]),
        "DAGSTER_HOME": str(folder / "home"),
        "DATA_ENGINE_DATA": str(folder / "data"),
        "DATA_ENGINE_PROJECT": str(folder),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started, used = time.perf_counter(), _processor_seconds()
    command = [sys.executable, "-m", "data_engine.cli", *arguments]
    subprocess.run(command, cwd=folder, env=environment, stdout=sys.stderr, check=True)
    return time.perf_counter() - started, _processor_seconds() - used


def _processor_seconds() -> float:
    """Of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class Grown:
    """One corpus that grew: for each of its runs the wall and processor seconds, and what the run says of itself."""

    n_rows: int
    wall: dict[str, float]
    processor: dict[str, float]
    said: dict[str, tuple[dict[str, float], float, int]]
    """Seconds by part, seconds in all, Dagster runs."""
    samples: dict[str, dict[str, int]]
    """What there was after each run, by what it is."""

    @property
    def share(self) -> float:
        """What 1 % new costs, relative to the full run."""
        return self.wall["1 % new"] / self.wall["everything"]


def grown(copies: int, encoder: str) -> Grown:
    """Full run, 1 % new, nothing new."""
    rows = licence_rows(copies)
    n_new = round(len(rows) * NEW_SHARE)
    found = Grown(len(rows), {}, {}, {}, {})
    with project_of(rows[n_new:], encoder) as folder:
        for name in ("everything", "1 % new", "nothing new"):
            if name == "1 % new":
                write_batch(folder, "part-8", rows[:n_new])
            found.wall[name], found.processor[name] = timed(folder, "run", CORPUS, "--timings", "timings.json")
            said = json.loads((folder / "timings.json").read_text("utf-8"))
            found.said[name] = said["seconds"], said["total_s"], said["n_runs"]
            found.samples[name] = samples_in(folder)
            print(f"{len(rows):,} texts, {name}: {found.wall[name]:.1f} s", file=sys.stderr)
    return found


def samples_in(folder: Path) -> dict[str, int]:
    """How many samples of a corpus came, were kept, were chosen and have a label."""
    import pyarrow.compute as pc

    from data_engine.storage import TableStore

    store = TableStore(folder / "data", CORPUS)
    verdicts = store.read("first_pass", columns=["verdict"])["verdict"]
    return {
        "samples judged": len(verdicts),
        "kept, duplicates and junk aside": pc.sum(pc.equal(verdicts, "kept")).as_py() or 0,
        "in the balanced subset": store.read("balanced_subset", columns=["sample_id"]).num_rows,
        "with a label": store.read("labels", columns=["sample_id"]).num_rows,
    }


def growth(arguments: argparse.Namespace) -> str:
    """Every size of the corpus as a table, and what they say of larger ones."""
    sizes = [grown(copies, arguments.encoder) for copies in sorted(arguments.copies)]
    lines = [
        f"Encoder `{arguments.encoder}`; wall seconds of each run, a process of its own, by part.",
        "",
        *(line for size in sizes for line in (*growth_table(size), "")),
        f"Load average of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.",
        "",
    ]
    for size in sizes:
        verdict = "met" if size.share <= GOAL else "missed"
        lines.append(f"With {size.n_rows:,} texts the goal of {GOAL:.0%} for 1 % new is {verdict}: {size.share:.1%}.")
    if len(sizes) > 1:
        lines += ["", beyond(sizes[0], sizes[-1])]
    return "\n".join(lines)


def growth_table(size: Grown) -> list[str]:
    """One size as Markdown."""
    wall, names = size.wall, list(size.wall)
    parts = dict.fromkeys(part for seconds, _, _ in size.said.values() for part in seconds)
    rows = {
        part: [f"{size.said[name][0].get(part, 0.0):.1f}" for name in names]
        for part in sorted(parts, key=lambda part: -size.said["1 % new"][0].get(part, 0.0))
    }
    rows["orchestration (Dagster runs)"] = [
        f"{total - sum(seconds.values()):.1f} ({n_runs})" for seconds, total, n_runs in size.said.values()
    ]
    rows["start of the process"] = [f"{wall[name] - size.said[name][1]:.1f}" for name in names]
    rows["**all**"] = [f"{wall[name]:.1f}" for name in names]
    rows["share of the full run"] = [f"{wall[name] / wall['everything']:.1%}" for name in names]
    rows["processor seconds"] = [f"{size.processor[name]:.1f}" for name in names]
    for what in next(iter(size.samples.values())):
        rows[what] = [f"{size.samples[name][what]:,}" for name in names]
    return [
        f"| {size.n_rows:,} texts | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
        *(f"| {part} | {' | '.join(cells)} |" for part, cells in rows.items()),
    ]


def beyond(small: Grown, large: Grown) -> str:
    """What the growth from one size to the other says of sizes beyond: the fixed seconds no longer count there."""
    n_more = large.n_rows - small.n_rows
    full, new = ((large.wall[name] - small.wall[name]) / n_more for name in ("everything", "1 % new"))
    fixed = small.wall["1 % new"] - new * small.n_rows
    fixed_of_full = small.wall["everything"] - full * small.n_rows
    text = (
        f"Between the two sizes, a full run grows by {1e3 * full:.2f} s per thousand texts and a run with 1 % new by "
        f"{1e3 * new:.3f} s: {new / full:.1%} of it; {fixed:.1f} s of the run with 1 % new do not grow."
    )
    if new >= GOAL * full:
        return f"{text} At this slope no size reaches {GOAL:.0%}."
    needed = (fixed - GOAL * fixed_of_full) / (GOAL * full - new)
    return f"{text} Extrapolated, the goal of {GOAL:.0%} holds from about {round(needed, -4):,.0f} texts on."


def backfill(arguments: argparse.Namespace) -> str:
    """All batches from nothing, one at a time and side by side."""
    rows = licence_rows(1)
    found: dict[int, tuple[float, dict[str, int]]] = {}
    for n_processes in (1, arguments.processes):
        with project_of(rows, arguments.encoder) as folder:
            seconds, _ = timed(folder, "backfill", CORPUS, "--batches", "all", "--processes", str(n_processes))
            found[n_processes] = seconds, rows_in(folder)
            print(f"{n_processes}: {seconds:.1f} s, {found[n_processes][1]}", file=sys.stderr)
    tables = sorted(found[1][1])
    lines = [
        f"{N_BATCHES} batches of the demo's texts from nothing, encoder `{arguments.encoder}`: raw index, first pass, "
        f"embeddings, drift report and their checks.",
        "",
        f"| processes | seconds | to one process | {' | '.join(f'rows in {name}' for name in tables)} |",
        f"|---|---|---|{'---|' * len(tables)}",
    ]
    for n, (seconds, counted) in found.items():
        cells = " | ".join(f"{counted[name]:,}" for name in tables)
        lines.append(f"| {n} | {seconds:.1f} | {seconds / found[1][0]:.2f} | {cells} |")
    is_same = all(
        counted["raw_index"] == len(rows) and counted["versions"] == N_BATCHES * 4 for _, counted in found.values()
    )
    load = f"Load average of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."
    lost = "Every batch wrote all of its rows and versions" if is_same else "ROWS OR VERSIONS ARE MISSING"
    return "\n".join([*lines, "", f"{lost}. {load}"])


def rows_in(folder: Path) -> dict[str, int]:
    """Rows of the tables that every batch writes to; `versions` counts the steps and batches that came to their end."""
    from data_engine.storage import TableStore

    store = TableStore(folder / "data", CORPUS)
    counted = {name: store.read(name, columns=["batch"]).num_rows for name in ("raw_index", "first_pass", "embeddings")}
    return {**counted, "versions": store.read("step_versions", columns=["batch"]).num_rows}


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("growth", "backfill"))
    parser.add_argument(
        "--copies", type=int, nargs="+", default=[1], help="how often each text comes, with other words; several sizes"
    )
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2", help="encoder of the corpus")
    parser.add_argument("--processes", type=int, default=2, help="batches side by side in the second backfill")
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    text = growth(arguments) if arguments.what == "growth" else backfill(arguments)
    print(text)
    if arguments.write:
        from results import append_results

        title = "What 1 % new data costs" if arguments.what == "growth" else "Batches of a backfill side by side"
        append_results(title, text)


if __name__ == "__main__":
    main()
