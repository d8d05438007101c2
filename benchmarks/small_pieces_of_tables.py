"""What many batches cost before anything is done with a sample: versions of steps, accepted samples, and `why`.

    python benchmarks/small_pieces_of_tables.py [--batches 200] [--samples 100] [--before CHECKOUT] [--write]

The tables are written as the steps of so many batches leave them, without the steps. Each figure is one of processor
seconds, which say more than others on a machine with other work, of a process of its own:

- the versions of all steps in a process that begins, as every command reads them first;
- the look-up of a new batch (2,000 ids and their keys in 25 bands) among the accepted samples of all batches;
- `why` of one sample, the second time that a process asks.

With `--before CHECKOUT` the code of another checkout does the same on the same files, and goes first.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from results import append_results

_HERE = Path(__file__).resolve().parents[1]
_STEPS, _BANDS, _WIDTH, _NEW = ("raw_index", "first_pass", "embeddings", "drift_report"), 25, 64, 2000
_PARTS = ("versions of all steps", "look-up of a new batch", "why of a sample")


def ids_of(batch: int, n: int) -> list[str]:
    """Sample ids of a batch, as random as hashes are."""
    draw = np.random.default_rng(batch)
    return [draw.bytes(16).hex() for _ in range(n)]


def write_tables(data: Path, n_batches: int, n_samples: int) -> None:
    """Versions of steps, the raw index, the first pass and the ledger of all batches, each in one commit."""
    import pyarrow as pa

    from data_engine.schemas import SCHEMAS
    from data_engine.storage import TableStore

    store, names = TableStore(data, "many"), [f"{batch:05}.parquet" for batch in range(n_batches)]
    at = 1_700_000_000_000_000

    def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
        schema = SCHEMAS[name]
        empty = {"string": "", "int64": 0, "double": 0.0, "bool": True, "timestamp[us, tz=UTC]": at, "int32": 0}
        filled = {f.name: empty.get(str(f.type)) for f in schema if not f.nullable}
        return pa.Table.from_pylist([{**filled, **row} for row in rows], schema=schema)

    samples = [
        {"sample_id": each, "batch": name, "uri": f"{name}/{place}", "text": "a text", "verdict": "kept"}
        for batch, name in enumerate(names)
        for place, each in enumerate(ids_of(batch, n_samples))
    ]
    rows = {
        "step_versions": [{"step": step, "batch": name} for step in _STEPS for name in names],
        "raw_index": samples,
        "first_pass": samples,
        "ledger": [{**row, "step": step} for step in _STEPS[:3] for row in samples],
    }
    for name, of_table in rows.items():
        known = set(SCHEMAS[name].names)
        chosen = [{key: value for key, value in row.items() if key in known} for row in of_table]
        store.write(name, table(name, chosen), run_id="benchmark", code_version="1")


def segment_of(index: Any, batch: int, n_samples: int) -> Any:
    """The segment of a batch; written where it is missing."""
    found = index.open(str(batch), "1")
    if found is not None:
        return found
    draw = np.random.default_rng(batch)
    return index.write(
        str(batch),
        "1",
        sample_ids=ids_of(batch, n_samples),
        sketches=np.frombuffer(draw.bytes(n_samples * _WIDTH), np.uint8).reshape(n_samples, _WIDTH),
        keys=np.frombuffer(draw.bytes(8 * _BANDS * n_samples), np.uint64).reshape(_BANDS, n_samples).copy(),
        rows=np.arange(n_samples),
    )


def look_up(data: Path, n_batches: int, n_samples: int) -> Callable[[], object]:
    """A new batch is looked up among the accepted ones, by ids and by keys."""
    from data_engine.storage import TableStore, ids_as_numbers

    index = TableStore(data, "many").sketch_index()
    draw = np.random.default_rng(10**6)
    ids = ids_as_numbers(ids_of(10**6, _NEW))
    keys = np.sort(np.frombuffer(draw.bytes(8 * _BANDS * _NEW), np.uint64).reshape(_BANDS, _NEW).copy(), axis=1)

    def one_by_one() -> None:
        for batch in range(n_batches):
            segment = segment_of(index, batch, n_samples)
            segment.rows_of_ids(ids)
            segment.rows_of_keys(keys)

    def merged() -> None:
        from data_engine.storage.merged_segments import accepted_segments

        versions = {str(batch): "1" for batch in range(n_batches)}
        unique = np.unique(ids, axis=0)
        for part in accepted_segments(index, versions, lambda batch: segment_of(index, int(batch), n_samples)):
            part.segment.rows_of_sorted_ids(unique)
            part.segment.rows_of_keys(keys)

    has_merged = (Path(sys.modules["data_engine"].__file__ or "").parent / "storage" / "merged_segments.py").exists()
    run = merged if has_merged else one_by_one
    # Segments are written, and merged, by the batches before.
    run()
    return run


def why(data: Path) -> Callable[[], object]:
    """`why` of one sample, after another one was asked for."""
    from rich.console import Console

    from data_engine.corpus import Corpus
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.terminal.why import print_why

    described = {
        "name": "many",
        "seed": 0,
        "encoder": "hashed-ngrams",
        "source": {"kind": "parquet", "path": str(data), "id_column": "id"},
        "batches": {"by": "file"},
        "subset": {"target_size": 10},
    }
    runtime = CorpusRuntime(Corpus.model_validate(described), data.parent)

    def ask(batch: int) -> None:
        print_why(runtime, ids_of(batch, 1)[0], console=Console(file=StringIO(), width=120))

    ask(0)
    return lambda: ask(1)


def work(part: str, data: Path, n_batches: int, n_samples: int) -> float:
    """Processor seconds of one part in this process."""
    import pyarrow.dataset  # noqa: F401
    from deltalake import DeltaTable  # noqa: F401

    from data_engine.runtime.versions import step_versions
    from data_engine.storage import TableStore

    if part == _PARTS[0]:
        run: Callable[[], object] = lambda: step_versions(TableStore(data, "many"))  # noqa: E731
    else:
        run = look_up(data, n_batches, n_samples) if part == _PARTS[1] else why(data)
    start = time.process_time()
    found = run()
    seconds = time.process_time() - start
    if part == _PARTS[0] and len(found) != len(_STEPS) * n_batches:  # type: ignore[arg-type]
        raise SystemExit(f"{len(found)} versions were read and {len(_STEPS) * n_batches} written")  # type: ignore[arg-type]
    return seconds


def measured(part: str, code: Path, arguments: argparse.Namespace, data: Path) -> float:
    """One part in a process of its own, by the code of a checkout."""
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(code), str(_HERE / "benchmarks")])}
    variables["DATA_ENGINE_DATA"] = str(data)
    options = ["--batches", str(arguments.batches), "--samples", str(arguments.samples), "--data", str(data)]
    command = [sys.executable, __file__, "--work", part, *options]
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--samples", type=int, default=100, help="samples of a batch")
    parser.add_argument("--before", type=Path, help="another checkout to measure beside this one")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        print(json.dumps(work(arguments.work, arguments.data, arguments.batches, arguments.samples)))
        return
    lines = ["| processor seconds | before | now | now, again |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory(prefix="small_pieces_") as scratch:
        data = Path(scratch) / "data"
        write_tables(data, arguments.batches, arguments.samples)
        for part in _PARTS:
            before = f"{measured(part, arguments.before.resolve(), arguments, data):.3f}" if arguments.before else ""
            now, again = (f"{measured(part, _HERE, arguments, data):.3f}" for _ in range(2))
            lines.append(f"| {part} | {before} | {now} | {again} |")
            print(lines[-1], flush=True)
    text = "\n".join(
        [
            f"{arguments.batches} batches of {arguments.samples} samples; n = 1 process each. `now` finds nothing that "
            "an earlier process left to it, `now, again` does.",
            "",
            *lines,
            "",
            f"Load average of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.",
        ]
    )
    print(text)
    if arguments.write:
        append_results("Many batches, without the work on their samples", text)


if __name__ == "__main__":
    main()
