"""Memory and seconds of the first three steps, and of their checks, on one batch of 1 GB: a single file of JSON lines.

python benchmarks/large_batch.py --write                  # 539,000 texts, 1 GB; needs about 8 GB of disk meanwhile
python benchmarks/large_batch.py --rows 20000             # smaller
python benchmarks/large_batch.py --encoder hashed-ngrams  # with an encoder of the engine

The texts are words drawn at random by a law of Zipf; one in twenty is a copy of an earlier text, two in twenty differ
from an earlier one in three words, and one in a hundred is too short. Every row of the table is a process of its own.
Idle is its peak resident memory after everything is imported and the corpus is open, on top is the peak afterwards less
that; both as the system counts them (ru_maxrss). A second, small batch shows what the next one costs, which is compared
with all that the large one keeps.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from results import append_results, environment

if TYPE_CHECKING:
    from data_engine.embedding import Encoder

GOAL_MB = 2048
_STEPS = ("raw_index", "first_pass", "embeddings")
_MEAN_WORDS, _VOCABULARY, _ROWS_AT_ONCE = 272, 50_000, 2000
_SECOND_ROWS, _DIM, PAIRS = 2000, 384, "letter-pairs"


def write_texts(path: Path, n_rows: int, *, seed: int) -> None:
    """The source: one JSON object a line."""
    draw = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    lengths = draw.integers(2, 11, _VOCABULARY)
    vocabulary = np.array(["".join(draw.choice(letters[: 6 + length], length)) for length in lengths], object)
    weights = 1 / np.arange(1, _VOCABULARY + 1) ** 0.9
    shares = np.cumsum(weights) / weights.sum()
    earlier: list[list[str]] = []
    with path.open("w", encoding="utf-8") as lines:
        for start in range(0, n_rows, _ROWS_AT_ONCE):
            sizes = np.maximum(20, draw.lognormal(np.log(_MEAN_WORDS) - 0.125, 0.5, _ROWS_AT_ONCE)).astype(int)
            words = vocabulary[np.searchsorted(shares, draw.random(sizes.sum()))]
            texts = [part.tolist() for part in np.split(words, np.cumsum(sizes)[:-1])]
            kinds = draw.random(_ROWS_AT_ONCE)
            for row in range(min(_ROWS_AT_ONCE, n_rows - start)):
                text = texts[row]
                if earlier and kinds[row] < 0.15:
                    text = list(earlier[int(draw.integers(len(earlier)))])
                    for place in draw.integers(0, len(text), 3 if kinds[row] < 0.1 else 0).tolist():
                        text[place] = str(vocabulary[int(draw.integers(_VOCABULARY))])
                elif kinds[row] > 0.99:
                    text = text[:2]
                lines.write(json.dumps({"id": f"{seed}-{start + row}", "text": " ".join(text), "page": row}) + "\n")
            earlier = [*texts[:500], *earlier[:4500]]


def peak_mb() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def work(folder: Path, what: str, batch: str, encoder: str) -> None:
    """One measured process: a step, or the checks of a step; prints seconds, idle and peak memory as JSON."""
    from data_engine.corpus import Corpus
    from data_engine.quality.expectations import load_expectations, run_suite
    from data_engine.runtime.check_gate import run_checks
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.runtime.step_run import execute
    from data_engine.runtime.steps import embeddings

    if encoder == PAIRS:
        embeddings.encoder_of = lambda _: letter_pairs()  # type: ignore[assignment]
    runtime = CorpusRuntime(Corpus.model_validate(attributes_of(folder, encoder)), folder)
    step = what.removeprefix("checks of ")
    for module in ("pyarrow.dataset", "pyarrow.parquet", "deltalake", "pandas", f"data_engine.runtime.steps.{step}"):
        import_module(module)
    load_expectations()
    run_suite("nothing", [])
    embeddings.encoder_of(runtime.corpus.encoder).encode(["a text"])
    store = runtime.store()
    store.exists(step)
    run: Callable[[], object] = (
        (lambda: run_checks(runtime, store, step, batch, run_id="benchmark"))
        if what != step
        else (lambda: execute(runtime, step, batch, run_id="benchmark"))
    )
    idle, start = peak_mb(), time.perf_counter()
    run()
    print(json.dumps({"seconds": time.perf_counter() - start, "idle": idle, "peak": peak_mb()}))


def measured(folder: Path, what: str, batch: str, encoder: str) -> list[str]:
    """One row of the table."""
    repository = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join([repository, os.environ.get("PYTHONPATH", "")])
    environment_of = {**os.environ, "PYTHONPATH": path, "DATA_ENGINE_DATA": str(folder / "data")}
    options = ["--folder", str(folder), "--work", what, "--batch", batch, "--encoder", encoder]
    command = [sys.executable, __file__, *options]
    done = subprocess.run(command, env=environment_of, stdout=subprocess.PIPE, check=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    on_top = found["peak"] - found["idle"]
    held = "yes" if on_top <= GOAL_MB else "no"
    name = what if batch == "large.jsonl" else f"{what} of the next batch"
    return [name, f"{found['seconds']:.0f}", f"{found['idle']:,.0f}", f"{on_top:,.0f}", held]


def attributes_of(folder: Path, encoder: str) -> dict[str, Any]:
    """The description of the corpus."""
    return {
        "name": "pages",
        "seed": 0,
        "encoder": "hashed-ngrams" if encoder == PAIRS else encoder,
        "source": {"kind": "jsonl", "path": str(folder / "source"), "pattern": "*.jsonl", "id_column": "id"},
        "batches": {"by": "file"},
        "subset": {"target_size": 100},
        "labels": {"question": "What is it about?", "classes": ["this", "that"]},
    }


def letter_pairs() -> "Encoder":
    """An encoder that counts pairs of bytes, 384 values; a large model would take hours and no other memory."""
    from data_engine.embedding import Encoder

    def embed(items: Sequence[str], advance: Callable[[int], object]) -> np.ndarray:
        rows = np.ones((len(items), _DIM), np.float32)
        for number, text in enumerate(items):
            codes = np.frombuffer(text.encode(), np.uint8).astype(np.int64)
            rows[number] += np.bincount((31 * codes[:-1] + codes[1:]) % _DIM, minlength=_DIM)
        advance(len(items))
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    return Encoder(PAIRS, _DIM, f"{PAIRS}-{_DIM}-1", embed, modality="text")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=539_000)
    parser.add_argument(
        "--encoder", default=PAIRS, help="a name as in the YAML, or %(default)s: counts of pairs of bytes"
    )
    parser.add_argument("--folder", type=Path, help="where everything lies meanwhile; default: the temporary folder")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--batch", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        work(args.folder, args.work, args.batch, args.encoder)
        return
    with tempfile.TemporaryDirectory(prefix="large_batch_", dir=args.folder) as scratch:
        folder = Path(scratch)
        (folder / "source").mkdir()
        large, second = (folder / "source" / f"{name}.jsonl" for name in ("large", "second"))
        write_texts(large, args.rows, seed=0)
        n_bytes = large.stat().st_size
        table = []
        for step in _STEPS:
            for what in (step, f"checks of {step}"):
                table.append(measured(folder, what, large.name, args.encoder))
                print(" | ".join(table[-1]), flush=True)
        write_texts(second, _SECOND_ROWS, seed=0)
        for what in ("raw_index", "first_pass"):
            table.append(measured(folder, what, second.name, args.encoder))
            print(" | ".join(table[-1]), flush=True)
    lines = [
        f"One batch of {args.rows:,} texts in one file of JSON lines, {n_bytes / 1e9:.2f} GB; encoder "
        f"`{args.encoder}`. "
        f"The next batch has {_SECOND_ROWS:,} texts, copies of the first ones. Every row is a process of its own: "
        "peak resident memory (ru_maxrss) once everything is imported, and how much more at most while it works; goal "
        f"<= {GOAL_MB:,} MB on top. Seconds are those of a machine with other work.",
        "",
        "| what | seconds | idle, MB | on top, MB | held |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in table),
        "",
        f"Load average of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.",
    ]
    print("\n".join(lines), environment(), sep="\n")
    if args.write:
        append_results("A batch of 1 GB", "\n".join(lines))


if __name__ == "__main__":
    main()
