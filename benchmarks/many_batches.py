"""Many tiny samples in many batches, from the index to the release: seconds and memory of every part, and `why`.

    python benchmarks/many_batches.py run --samples 200000 --batches 100 [--folder FOLDER] [--write]
    python benchmarks/many_batches.py why --folder FOLDER [--asked 20] [--write]

The project is made for it and is described by ordinary YAML: texts of five random words, encoder `hashed-ngrams/32`
(32 values), near-duplicates off unless `--near` is given, two levels of clusters, no labels. Every part is a process of
its own that carries out the graph's steps and their checks one after the other, as a worker without Dagster does. Peak
is its resident memory as the system counts it (ru_maxrss). Steps are told in seconds of processor, all threads
together, which hardly depend on what else runs; `why` in seconds on the clock. How the parts of a batch grow is told by
the seconds of its first and of its last tenth of batches. `why` asks for random ids of the corpus in one process, over
all it knows. With `--before CHECKOUT` the code of another checkout does the same on the same texts, so that one table
has both.
"""

import argparse
import cProfile
import json
import os
import pstats
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

from results import append_results, environment

CORPUS, GOAL_MB, WHY_GOAL_S = "many", 8192, 1.0
GOAL_SAMPLES, GOAL_BATCHES = 20_000_000, 500
_BATCH_STEPS = ("raw_index", "first_pass", "embeddings")
_PARTS = ("ingest", "next batch", "curate", "drift", "publish", "plan")
_WORDS, _VOCABULARY, _DRIFT_BATCHES = 5, 50_000, 10
_HERE = Path(__file__).resolve().parents[1]


def write_sources(folder: Path, n_samples: int, n_batches: int) -> None:
    """One Parquet file a batch, and one more for the batch that comes last; a text in fifty repeats an earlier one."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    words = np.array(["".join(draw.choice(letters, length)) for length in draw.integers(4, 9, _VOCABULARY)], object)
    folder.mkdir(parents=True, exist_ok=True)
    earlier: list[str] = []
    for batch in range(n_batches + 1):
        n = n_samples * (batch + 1) // n_batches - n_samples * batch // n_batches
        drawn = words[draw.integers(0, _VOCABULARY, (n, _WORDS))]
        texts = [" ".join(row) for row in drawn.tolist()]
        for place in draw.integers(0, n, n // 50).tolist() if earlier else ():
            texts[place] = earlier[int(draw.integers(len(earlier)))]
        earlier = texts[:200] + earlier[:5000]
        ids = [f"{batch}-{number}" for number in range(n)]
        pq.write_table(pa.table({"id": ids, "text": texts}), folder / f"{batch:05}.parquet")


def attributes_of(folder: Path, n_samples: int, near: bool) -> dict[str, Any]:
    """The description of the corpus, as its YAML has it."""
    finest = max(10, min(20_000, n_samples // 1000))
    return {
        "name": CORPUS,
        "seed": 0,
        "encoder": "hashed-ngrams/32",
        "source": {"kind": "parquet", "path": str(folder / "source"), "pattern": "*.parquet", "id_column": "id"},
        "batches": {"by": "file"},
        "first_pass": {"near_duplicate_similarity": 0.8 if near else False},
        "tree": {"n_clusters": [finest, max(3, finest // 30)], "max_iterations": 5},
        "subset": {"target_size": min(1000, max(1, n_samples // 4)), "method": "hierarchical", "compare_with": []},
    }


def work(folder: Path, part: str) -> dict[str, Any]:
    """Carry out one part of the graph in this process; seconds by step, and of `ingest` by batch."""
    import yaml

    from data_engine.corpus import Corpus
    from data_engine.runtime.check_gate import run_checks
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.runtime.staleness import first_stale_steps, stale_steps
    from data_engine.runtime.step_run import execute
    from data_engine.runtime.versions import step_versions

    described = yaml.safe_load((folder / "corpus.yaml").read_text("utf-8"))
    runtime = CorpusRuntime(Corpus.model_validate(described), folder)
    names = sorted(path.name for path in (folder / "source").glob("*.parquet"))
    seconds: dict[str, list[float]] = {}

    def carry_out(step: str, batch: str = "") -> None:
        for what in (step, f"checks of {step}"):
            start = time.process_time()
            if what == step:
                execute(runtime, step, batch, run_id="benchmark")
            else:
                run_checks(runtime, runtime.store(), step, batch, run_id="benchmark")
            seconds.setdefault(what, []).append(time.process_time() - start)

    if part in ("ingest", "next batch"):
        for number, batch in enumerate(names[:-1] if part == "ingest" else names[-1:]):
            for step in _BATCH_STEPS:
                carry_out(step, batch)
            if part == "ingest" and number % max(1, len(names) // 20) == 0:
                spent = sum(each[-1] for each in seconds.values())
                print(
                    f"batch {number}: {spent:.2f} s of processor, peak {peak_mb():,.0f} MB", file=sys.stderr, flush=True
                )
    elif part == "drift":
        for batch in names[-_DRIFT_BATCHES:]:
            carry_out("drift_report", batch)
    elif part == "plan":
        start = time.process_time()
        versions = step_versions(runtime.store())
        batches = sorted({batch for step, batch in versions if step == "raw_index"})
        stale = {**first_stale_steps(runtime, batches, versions), **{step: step for step in stale_steps(runtime)}}
        seconds["what is stale"] = [time.process_time() - start]
        if stale:
            raise SystemExit(f"nothing has changed, but {stale} are stale")
    else:
        for step in {
            "curate": ("cluster_tree", "balanced_subset"),
            "publish": ("quality_report", "release"),
        }[part]:
            carry_out(step)
    return {"seconds": seconds}


def ask(folder: Path, n_asked: int) -> dict[str, Any]:
    """Seconds of `why` for random samples of the corpus, each asked for by its whole id."""
    import yaml
    from rich.console import Console

    from data_engine.corpus import Corpus
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.terminal.why import print_why

    described = yaml.safe_load((folder / "corpus.yaml").read_text("utf-8"))
    runtime = CorpusRuntime(Corpus.model_validate(described), folder)
    draw, store = random.Random(1), runtime.store()
    versions = sorted(path.name for path in (folder / "source").glob("*.parquet"))[:-1]
    wanted = []
    for batch in draw.choices(versions, k=n_asked):
        ids = store.read("raw_index", partition={"batch": batch}, columns=["sample_id"])["sample_id"]
        wanted.append(ids[draw.randrange(len(ids))].as_py())
    seconds = []
    for sample_id in wanted:
        start = time.perf_counter()
        print_why(runtime, sample_id, console=Console(file=StringIO(), width=120))
        seconds.append(time.perf_counter() - start)
        print(f"{sample_id}: {seconds[-1]:.3f} s", file=sys.stderr, flush=True)
    return {"seconds": {"why": seconds}}


def peak_mb() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(
    folder: Path, part: str, n_asked: int = 0, profile: str = "", *, code: Path = _HERE, data: str = "data"
) -> dict[str, Any]:
    """One part in a process of its own, by the code of a checkout."""
    path = os.pathsep.join([str(code), str(_HERE / "benchmarks")])
    variables = {**os.environ, "PYTHONPATH": path, "DATA_ENGINE_DATA": str(folder / data)}
    options = ["--folder", str(folder), "--work", part, "--asked", str(n_asked), "--profile", profile]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "run", *options], env=variables, stdout=subprocess.PIPE, check=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "wall": time.perf_counter() - start}


def rows_of(part: str, found: dict[str, Any], before: dict[str, Any] | None = None) -> list[str]:
    """One part as rows of the table; what the other checkout measured comes first in each cell."""
    each = [found] if before is None else [before, found]

    def cell(value: Callable[[dict[str, Any]], str]) -> str:
        return " -> ".join(filter(None, map(value, each)))

    wall = cell(lambda of: f"{of['cpu']:.1f} ({of['wall']:.0f} on the clock)")
    peak = cell(lambda of: f"{of['peak']:,.0f}")
    rows = [f"| **{part}** | {wall} | | | {peak} |"]
    for what in found["seconds"]:
        seconds = [of["seconds"].get(what, [0.0]) for of in each]
        tenth = max(1, len(seconds[-1]) // 10)
        cells = [" -> ".join(f"{sum(of):.1f}" for of in seconds)]
        cells += [" -> ".join(f"{median(of[:tenth]):.3f}" for of in seconds) if len(seconds[-1]) > 1 else ""]
        cells += [" -> ".join(f"{median(of[-tenth:]):.3f}" for of in seconds) if len(seconds[-1]) > 1 else ""]
        rows.append(f"| {what} | {' | '.join(cells)} | |")
    return rows


def size_of(folder: Path) -> str:
    """How many samples there are in how many batches, without the one that comes last."""
    import pyarrow.parquet as pq

    batches = sorted((folder / "source").glob("*.parquet"))[:-1]
    return f"{sum(pq.read_metadata(path).num_rows for path in batches):,} in {len(batches)}"


def folder_bytes(folder: Path) -> tuple[int, int]:
    """Files below a folder, and their bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


def release_in(data: Path) -> str:
    """The id of the one release in a data folder."""
    (manifest,) = (data / CORPUS / "releases").glob("*/manifest.json")
    return manifest.parent.name


def judged(is_met: bool, goal: str, n_samples: int, n_batches: int) -> str:
    """The goal and whether it is met, where it was tried at the size that it is for."""
    if n_samples < GOAL_SAMPLES or n_batches < GOAL_BATCHES:
        return f"the goal of {goal} is for {GOAL_SAMPLES:,} samples in {GOAL_BATCHES} batches, which was not tried"
    return f"goal {goal}: {'met' if is_met else 'missed'}"


def run(arguments: argparse.Namespace, folder: Path) -> str:
    """The whole graph, a part at a time."""
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    write_sources(folder / "source", arguments.samples, arguments.batches)
    described = attributes_of(folder, arguments.samples, arguments.near)
    (folder / "corpus.yaml").write_text(yaml.safe_dump(described), "utf-8")
    parts, before = {}, {}
    for part in _PARTS:
        if arguments.before:
            before[part] = measured(folder, part, code=arguments.before.resolve(), data="before")
        parts[part] = measured(folder, part, profile=arguments.profile)
        print("\n".join(rows_of(part, parts[part], before.get(part))), flush=True)
    n_files, n_bytes = folder_bytes(folder / "data")
    peak = max(found["peak"] for found in parts.values())
    release = release_in(folder / "data")
    same = ""
    if before:
        earlier = release_in(folder / "before")
        n_before, minutes = folder_bytes(folder / "before"), sum(found["wall"] for found in before.values()) / 60
        same = (
            f" The other checkout, which comes first in each cell: {minutes:.1f} minutes, {n_before[0]:,} files, "
            f"release {earlier} ({'the same' if earlier == release else 'ANOTHER'})."
        )
    return "\n".join(
        [
            f"{arguments.samples:,} texts of {_WORDS} words in {arguments.batches} batches; near-duplicates "
            f"{'0.8' if arguments.near else 'off'}; clusters {described['tree']['n_clusters']}. Seconds "
            "of processor of all batches together, and of one batch at the median of the first and of the last tenth; "
            "of a part, those of its process, and on the clock.",
            "",
            "| part | seconds of processor | first batches | last batches | peak, MB |",
            "|---|---|---|---|---|",
            *(row for part, found in parts.items() for row in rows_of(part, found, before.get(part))),
            "",
            f"{sum(found['wall'] for found in parts.values()) / 60:.1f} minutes in all, peak {peak:,.0f} MB "
            f"({judged(peak <= GOAL_MB, f'{GOAL_MB:,} MB', arguments.samples, arguments.batches)}); "
            f"{n_files:,} files, {n_bytes / 1e9:.2f} GB; release {release}.{same} "
            f"Load average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.",
        ]
    )


def why(arguments: argparse.Namespace, folder: Path) -> str:
    """`why` over what `run` left in the folder; the first question is told apart."""
    import pyarrow.parquet as pq

    batches = sorted((folder / "source").glob("*.parquet"))[:-1]
    n_samples = sum(pq.read_metadata(path).num_rows for path in batches)
    texts = []
    for name, code, data in (("Before", arguments.before, "before"), ("Now", _HERE, "data")):
        if code is None:
            continue
        found = measured(folder, "why", arguments.asked, arguments.profile, code=code.resolve(), data=data)
        first, *others = found["seconds"]["why"]
        texts.append(
            f"{name}: the first {first:.2f} s, the others {median(others):.3f} s at the median and {max(others):.3f} s "
            f"at most ({judged(max(others) < WHY_GOAL_S, f'{WHY_GOAL_S:.0f} s', n_samples, len(batches))}); peak "
            f"{found['peak']:,.0f} MB."
        )
    return (
        f"`why` of {arguments.asked} random samples of a corpus of {n_samples:,} in {len(batches)} batches; the first "
        f"question may build what the others look things up in. {' '.join(texts)} "
        f"Load average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."
    )


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "why"))
    parser.add_argument("--samples", type=int, default=GOAL_SAMPLES)
    parser.add_argument("--batches", type=int, default=GOAL_BATCHES)
    parser.add_argument("--near", action="store_true", help="look for near-duplicates too")
    parser.add_argument("--folder", type=Path, help="where everything lies; it stays there. Default: a temporary one")
    parser.add_argument("--before", type=Path, help="another checkout to measure beside this one")
    parser.add_argument("--asked", type=int, default=20, help="samples that `why` is asked about")
    parser.add_argument("--profile", default="", help="a part, or all: print where its time goes")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        profiler = cProfile.Profile() if arguments.profile in (arguments.work, "all") else None
        if profiler:
            profiler.enable()
        is_why = arguments.work == "why"
        from data_engine.runtime.source_listing import listed_once

        with listed_once():
            found = ask(arguments.folder, arguments.asked) if is_why else work(arguments.folder, arguments.work)
        if profiler:
            profiler.disable()
            pstats.Stats(profiler, stream=sys.stderr).sort_stats("cumulative").print_stats(70)
            pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(40)
        print(json.dumps({**found, "peak": peak_mb(), "cpu": time.process_time()}))
        return
    with tempfile.TemporaryDirectory(prefix="many_batches_") as scratch:
        folder = (arguments.folder or Path(scratch)).resolve()
        text = run(arguments, folder) if arguments.what == "run" else why(arguments, folder)
        title = {"run": "Many tiny samples in many batches", "why": "why over many samples"}[arguments.what]
        title = f"{title}: {size_of(folder)}"
    print(text, environment(), sep="\n")
    if arguments.write:
        append_results(title, text)


if __name__ == "__main__":
    main()
