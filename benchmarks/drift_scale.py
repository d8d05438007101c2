"""Seconds and memory of the step drift_report against ten million samples of other batches.

python benchmarks/drift_scale.py --write          # 10,000,000 against a batch of 10,000; 4 GB of disk
python benchmarks/drift_scale.py --rows 1000000   # a tenth of it

The tables are those that the steps before would have left: samples around random centres in twenty batches, one in ten
a duplicate of an earlier one, and a tree of automatic levels over all that were kept. The step is run as a run runs it,
with reading and writing, in a process of its own: once where nothing is kept of an earlier report, and once more. Idle
is the peak resident memory of the process before the step, on top is its peak afterwards less that (VmHWM).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from results import append_results, environment

from data_engine import clustering
from data_engine.clustering.tree_tables import tree_to_tables
from data_engine.corpus import Corpus
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import execute
from data_engine.runtime.versions import StepVersion, write_version
from data_engine.schemas import SCHEMAS

SECONDS_GOAL, MIB_GOAL = 120, 6144
DIM, N_BATCHES, N_WINDOW, DUPLICATES = 16, 20, 10_000, 0.1
_WINDOW = "window"


def runtime_of(folder: Path) -> CorpusRuntime:
    """The corpus whose tables lie in the folder."""
    described = {
        "name": "many",
        "source": {"kind": "jsonl", "path": "source", "pattern": "*.jsonl", "id_column": "id"},
        "encoder": "hashed-ngrams",
        "subset": {"target_size": 1000},
        "labels": {"question": "Which?", "classes": ["one", "other"], "other": "other"},
        "release": {"title": "Many"},
    }
    return CorpusRuntime(Corpus.model_validate(described), folder)


def keep(runtime: CorpusRuntime, step: str, tables: Sequence[pa.Table], names: Sequence[str], batch: str = "") -> None:
    """Write what a step made, its version, and that its checks passed."""
    store, now = runtime.store(), datetime(2026, 1, 1, tzinfo=UTC)
    partition = {"batch": batch} if batch else None
    written = [
        store.write(name, rows, partition=partition, run_id="run", code_version="1")
        for name, rows in zip(names, tables, strict=True)
    ]
    version = StepVersion(
        step=step, batch=batch, data_version=written[0].data_version, code_version="1", input_version="1",
        table_version=written[0].version, n_rows=written[0].n_rows, seconds=1.0, run_id="run", written_at=now,
    )  # fmt: skip
    write_version(store, version)
    check = {
        "step": step, "batch": batch, "check": "is_sound", "passed": True, "is_blocking": True,
        "data_version": f"{version.data_version}:{runtime.rules_version(step)}", "run_id": "run", "checked_at": now,
    }  # fmt: skip
    rows = filled("check_results", 1, {name: [value] for name, value in check.items()})
    store.write("check_results", rows, partition={"step": step, "batch": batch}, run_id="run", code_version="1")


def filled(name: str, n: int, columns: dict[str, object]) -> pa.Table:
    """n rows in the schema of a table; a required column that is not given holds its type's empty value."""
    empty = {
        pa.string(): "x",
        pa.int32(): 0,
        pa.int64(): 0,
        pa.bool_(): True,
        pa.float64(): 0.0,
        pa.list_(pa.string()): [],
    }
    found = []
    for field in SCHEMAS[name]:
        value = columns.get(field.name)
        if value is None:
            value = pa.nulls(n, field.type) if field.nullable else pa.array([empty[field.type]] * n, field.type)
        found.append(value if isinstance(value, pa.Array) else pa.array(value, field.type))
    return pa.Table.from_arrays(found, schema=SCHEMAS[name])


def ids_of(n: int, draw: np.random.Generator) -> pa.Array:
    """n ids like hashes of contents: 32 hexadecimal digits."""
    offsets = np.arange(0, 32 * (n + 1), 32, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(draw.bytes(16 * n).hex().encode("ascii"))]
    return pa.Array.from_buffers(pa.string(), n, buffers)


def binary_rows(x: NDArray[np.float32]) -> pa.Array:
    """Each row as bytes."""
    offsets = np.arange(0, x.nbytes + 1, x.shape[1] * 4, dtype=np.int32)
    return pa.Array.from_buffers(pa.binary(), len(x), [None, pa.py_buffer(offsets), pa.py_buffer(x.tobytes())])


def write_corpus(folder: Path, n_rows: int) -> tuple[int, int]:
    """Leave the tables of a corpus of so many arrivals beside the window; how many are kept, and the top level."""
    runtime, draw = runtime_of(folder), np.random.default_rng(0)
    per_batch = n_rows // N_BATCHES
    n_kept = round(per_batch * (1 - DUPLICATES))
    levels = clustering.suggest_levels(n_kept * N_BATCHES).n_clusters
    centroids = [unit(draw.normal(size=(k, DIM))) for k in levels]
    parents = [(low @ high.T).argmax(axis=1).astype(np.int32) for low, high in pairwise(centroids)]
    ids, leaves, batches = [], [], []
    for number in range(N_BATCHES):
        batch = f"part-{number:02d}"
        leaf, x = drawn(centroids[0], n_kept, draw)
        ids.append(write_batch(runtime, batch, x, per_batch - n_kept, ids[0] if ids else None, draw))
        leaves.append(leaf)
        batches.append(pa.array([batch] * n_kept))
        print(f"{batch} is written", flush=True)
    write_batch(runtime, _WINDOW, drawn(centroids[0], N_WINDOW, draw)[1], 0, None, draw)
    tree = clustering.ClusterTree.from_centroids(centroids, parents, np.concatenate(leaves))
    distance = np.zeros(tree.n_samples, np.float32)
    tables = tree_to_tables(tree, pa.concat_arrays(ids), pa.concat_arrays(batches), distance)
    keep(runtime, "cluster_tree", tables, ["cluster_tree", "tree_assignments"])
    return tree.n_samples, levels[-1]


def write_batch(
    runtime: CorpusRuntime,
    batch: str,
    x: NDArray[np.float32],
    n_duplicates: int,
    earlier: pa.Array | None,
    draw: np.random.Generator,
) -> pa.Array:
    """Leave a batch that kept these samples and lost so many duplicates; the ids of the samples."""
    n, new = len(x), ids_of(len(x), draw)
    twins = (new if earlier is None else earlier).take(pa.array(draw.integers(0, n, n_duplicates)))
    judged = {
        "sample_id": pa.concat_arrays([new, ids_of(n_duplicates, draw)]),
        "batch": pa.array([batch] * (n + n_duplicates)),
        "duplicate_of": pa.concat_arrays([pa.nulls(n, pa.string()), twins]),
    }
    keep(runtime, "first_pass", [filled("first_pass", n + n_duplicates, judged)], ["first_pass"], batch)
    dims = pa.array([DIM] * n, pa.int32())
    rows = {"sample_id": new, "batch": pa.array([batch] * n), "embedding": binary_rows(x), "dim": dims}
    keep(runtime, "embeddings", [filled("embeddings", n, rows)], ["embeddings"], batch)
    return new


def drawn(
    centroids: NDArray[np.float32], n: int, draw: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The leaves of n rows, and the rows, which lie so close to a centroid that it is their nearest."""
    leaf = draw.integers(0, len(centroids), n).astype(np.int32)
    return leaf, unit(centroids[leaf] + 0.03 * draw.normal(size=(n, centroids.shape[1])))


def unit(x: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows of norm 1."""
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True), np.float32)


def report(folder: Path) -> None:
    """One measured process: the step on the window; prints what it took as JSON."""
    runtime = runtime_of(folder)
    idle, start, used = peak_mib(), time.perf_counter(), time.process_time()
    _, result = execute(runtime, "drift_report", _WINDOW, run_id="run")
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    first = result.table.slice(0, 1).to_pylist()[0]
    if first["novelty_p"] is None:
        raise SystemExit(f"nothing was compared: {first['note']}")
    found = {"seconds": seconds, "processor": processor, "idle": idle, "peak": peak_mib()}
    print(json.dumps(found | {"n": first["n_reference"], "p": first["p_value"]}))


def peak_mib() -> float:
    """Peak resident memory of this process since it began; that of the process that started it does not count."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where the tables lie meanwhile")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    parser.add_argument("--report", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.report:
        report(args.report)
        return
    with tempfile.TemporaryDirectory(prefix="drift_scale_", dir=args.folder) as scratch:
        n_kept, n_top = write_corpus(Path(scratch), args.rows)
        lines = [
            f"`drift_report` on a batch of {N_WINDOW:,} against {args.rows:,} arrivals in {N_BATCHES} batches, "
            f"{n_kept:,} of them kept, vectors of {DIM} float32, {n_top:,} clusters on the coarsest level. Goal: "
            f"{SECONDS_GOAL} seconds on 2 cores and {MIB_GOAL:,} MiB. Processor seconds are those of all threads.",
            "",
            "| report | others | seconds | processor seconds | idle MiB | MiB on top |",
            "|---|---|---|---|---|---|",
        ]
        for name in ("the first one", "the next one"):
            command = [sys.executable, __file__, "--report", scratch]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
            found = json.loads(said)
            lines.append(
                f"| {name} | {found['n']:,} | {found['seconds']:.1f} | {found['processor']:.1f} | "
                f"{found['idle']:,.0f} | {found['peak'] - found['idle']:,.0f} |"
            )
            print(lines[-1], flush=True)
    if args.write:
        append_results("Drift: ten million samples of other batches", "\n".join(lines))
    print(environment())


if __name__ == "__main__":
    main()
