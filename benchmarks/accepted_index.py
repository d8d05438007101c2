"""The index of accepted samples at scale: bytes a sample, memory, and the time to look up a batch of one per cent.

    python benchmarks/accepted_index.py [--write] [--samples 10000000] [--segments 10] [--folder FOLDER]

Signatures are synthetic (every value at random), because the index does not care what they say; they are made and
written segment by segment, as batches arrive. The new batch holds as many texts as one per cent of the index; one in
ten of them is in the index already, spread over all segments, and has to be found. Memory is what the process holds
beside the maps of the files (RssAnon), which the system may drop at any time.

The budget for ten million samples: 12 GB on disk, 1,024 MiB of memory while a batch of one per cent is looked up, all
of its accepted samples found.
"""

import argparse
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_engine.duplicates.texts import Sketches, band_keys, bands_and_rows
from data_engine.duplicates.texts.minhash import N_PERMUTATIONS, SKETCH_BYTES
from data_engine.storage import SketchIndex, ids_as_numbers

THRESHOLD = 0.8
MIB = 1 << 20
BUDGET_BYTES, BUDGET_MIB = 1200, 1024
Lines = Iterator[str]


def sketches_of(seed: int, n: int) -> tuple[list[str], Sketches]:
    """Ids and sketches of n samples that do not exist; half of them short, all with numbers of their own."""
    rng = np.random.default_rng(seed)
    ids = [bytes(row).hex() for row in rng.integers(0, 256, size=(n, 16), dtype=np.uint8)]
    signatures = rng.integers(0, 1 << 32, size=(n, N_PERMUTATIONS), dtype=np.uint32)
    return ids, Sketches(signatures, rng.integers(0, 1 << 63, size=n).astype(np.uint64), np.ones(n, bool))


class Memory:
    """The most anonymous memory of this process while the block runs, looked at every 20 ms."""

    def __enter__(self) -> "Memory":
        self.peak_mib, self._is_over = 0.0, threading.Event()
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def _look(self) -> None:
        while not self._is_over.wait(0.02):
            lines = Path("/proc/self/status").read_text("utf-8").splitlines()
            kib = next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
            self.peak_mib = max(self.peak_mib, kib * 1024 / MIB)

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._watch.join()


def build(index: SketchIndex, n_samples: int, n_segments: int) -> float:
    """Write the segments; gives the seconds of sorting and writing, without those of making samples."""
    seconds = 0.0
    for number in range(n_segments):
        ids, sketches = sketches_of(number, n_samples // n_segments)
        start = time.perf_counter()
        entries = band_keys(sketches, *bands_and_rows(THRESHOLD))
        rows = entries.numbers
        index.write(str(number), "1", sample_ids=ids, sketches=sketches.as_bytes(), keys=entries.keys, rows=rows)
        seconds += time.perf_counter() - start
    return seconds


def newcomers(n_samples: int, n_segments: int) -> tuple[list[str], Sketches, int]:
    """One per cent of new samples, the last tenth of them accepted already: half by id, half by sketch alone."""
    n_new = n_samples // 100
    ids, sketches = sketches_of(n_segments, n_new)
    n_known = n_new // 10
    known = [sketches_of(number, n_samples // n_segments) for number in (0, n_segments - 1)]
    signatures, numbers = sketches.signatures.copy(), sketches.numbers.copy()
    for place, (old_ids, old) in zip((slice(0, n_known // 2), slice(n_known // 2, n_known)), known, strict=True):
        rows = np.linspace(0, len(old) - 1, place.stop - place.start).astype(int)
        signatures[place], numbers[place] = old.signatures[rows], old.numbers[rows]
        ids[place] = [old_ids[row] for row in rows]
    # The first half of them keep their id, the others have a new one: exact and near duplicates.
    for row in range(0, n_known, 2):
        ids[row] = f"{row:032x}"
    return ids, Sketches(signatures, numbers, sketches.has_shingles), n_known


def look_up(index: SketchIndex, n_segments: int, ids: list[str], sketches: Sketches) -> tuple[float, int]:
    """Seconds to find, read and copy every accepted sample that a new one could repeat, and how many there are."""
    start = time.perf_counter()
    keys = np.sort(band_keys(sketches, *bands_and_rows(THRESHOLD)).keys, axis=1)
    numbers = ids_as_numbers(ids)
    n_found = 0
    for number in range(n_segments):
        segment = index.open(str(number), "1")
        assert segment is not None
        rows = np.union1d(segment.rows_of_ids(numbers), segment.rows_of_keys(keys))
        n_found += len(segment.sample_ids(rows)) + 0 * len(segment.sketch_bytes(rows))
    return time.perf_counter() - start, n_found


def first_pass_rate(seconds: float) -> float:
    """Texts that this process sketches in a second, the least that a first pass costs."""
    texts = [f"text {row} of many words that say something about the order of a customer " * 3 for row in range(20_000)]
    start, n_done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        Sketches.of(texts)
        n_done += len(texts)
    return n_done / (time.perf_counter() - start)


def measured(folder: Path, n_samples: int, n_segments: int) -> Lines:
    index = SketchIndex(folder)
    with Memory() as building:
        build_s = build(index, n_samples, n_segments)
    n_bytes = sum(path.stat().st_size for path in folder.iterdir())
    ids, sketches, n_known = newcomers(n_samples, n_segments)
    times = []
    with Memory() as looking:
        for _ in range(3):
            seconds, n_found = look_up(index, n_segments, ids, sketches)
            times.append(seconds)
    rate = first_pass_rate(3)
    is_held = n_bytes <= BUDGET_BYTES * n_samples and looking.peak_mib <= BUDGET_MIB and n_found >= n_known
    yield f"The budget of {BUDGET_BYTES:,} bytes a sample on disk and {BUDGET_MIB:,} MiB of memory for a look-up that"
    yield f"finds every accepted one is {'held' if is_held else 'missed'}: {n_bytes / n_samples:,.0f} bytes a sample,"
    yield f"{n_bytes / 1e9:.1f} GB in all, {looking.peak_mib:,.0f} MiB.\n"
    yield "| what | measured |"
    yield "|---|---|"
    yield f"| accepted samples, in {n_segments} segments | {n_samples:,} |"
    yield f"| bytes a sample on disk, its sketch of {SKETCH_BYTES} bytes in it | {n_bytes / n_samples:,.0f} |"
    yield f"| sort and write, samples per second | {n_samples / build_s:,.0f} |"
    yield f"| most anonymous memory while building, MiB | {building.peak_mib:,.0f} |"
    yield f"| new samples looked up | {len(ids):,} |"
    yield f"| accepted ones among them; found | {n_known:,}; {n_found:,} |"
    yield f"| look-up of the whole batch, seconds: first, best of 3 | {times[0]:.2f}, {min(times):.2f} |"
    yield f"| most anonymous memory while looking up, MiB | {looking.peak_mib:,.0f} |"
    yield f"| texts sketched per second; seconds to sketch all accepted ones | {rate:,.0f}; {n_samples / rate:,.0f} |"
    one_percent = (n_samples / 100 / rate + times[0]) / (n_samples / rate)
    yield f"| one per cent of new samples, sketched and looked up, as a share of that | {one_percent:.1%} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/RESULTS.md")
    parser.add_argument("--samples", type=int, default=10_000_000, help="accepted samples")
    parser.add_argument("--segments", type=int, default=50, help="batches that they came in")
    parser.add_argument("--folder", type=Path, help="where the index is put for the time of the run")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        lines = list(measured(folder, arguments.samples, arguments.segments))
    finally:
        shutil.rmtree(folder)
    print("\n".join(lines))
    if arguments.write:
        from results import append_results

        append_results("Index of accepted samples", "\n".join(lines))


if __name__ == "__main__":
    main()
