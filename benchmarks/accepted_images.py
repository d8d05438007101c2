"""The index of accepted images at scale: bytes an image, memory, and the time to look up a batch of new ones.

    python benchmarks/accepted_images.py [--write] [--images 1000000] [--segments 10] [--new 1000] [--folder FOLDER]

Sketches are synthetic: bytes at random, but a third of the hashes share two of their four bands, as those of images
with white margins do. One in ten of the new ones is an accepted one with up to 7 bits of its hash turned, spread over
all segments, and has to be found. Memory is what the process holds beside the maps of the files (RssAnon), which the
system may drop at any time.

The budget for a million images: 1,200 bytes an image on disk, 256 MiB of memory for a look-up that finds all.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from accepted_index import MIB, Memory
from numpy.typing import NDArray

from data_engine.duplicates.images import hashes_of, keys_of, rows_near
from data_engine.duplicates.images.hash_keys import MAX_DISTANCE
from data_engine.duplicates.images.sketch import SKETCH_BYTES
from data_engine.storage import SketchIndex

BUDGET_BYTES, BUDGET_MIB, ROUNDS = 1200, 256, 3
Sketches = NDArray[np.uint8]
Lines = Iterator[str]


def sketches_of(seed: int, n: int) -> tuple[list[str], Sketches]:
    """Ids and sketches of n images that do not exist."""
    rng = np.random.default_rng(seed)
    sketches = rng.integers(0, 256, size=(n, SKETCH_BYTES), dtype=np.uint8)
    # Nothing grows brighter in the uppermost and the lowest two rows of cells.
    sketches[::3, [0, 1, 6, 7]] = 0
    return [bytes(row).hex() for row in rng.integers(0, 256, size=(n, 16), dtype=np.uint8)], sketches


def build(index: SketchIndex, n_images: int, n_segments: int) -> float:
    """Write the segments; gives the seconds of sorting and writing, without those of making sketches."""
    seconds = 0.0
    for number in range(n_segments):
        ids, sketches = sketches_of(number, n_images // n_segments)
        start = time.perf_counter()
        keys, rows = keys_of(hashes_of(sketches)), np.arange(len(ids))
        index.write(str(number), "1", sample_ids=ids, sketches=sketches, keys=keys, rows=rows)
        seconds += time.perf_counter() - start
    return seconds


def newcomers(n_new: int, n_images: int, n_segments: int) -> tuple[Sketches, set[str]]:
    """New sketches, and the ids of the accepted images of which one in ten is a copy in another form."""
    _, sketches = sketches_of(n_segments, n_new)
    rng, n_known, ids = np.random.default_rng(n_segments + 1), n_new // 10, set()
    for number in range(n_segments):
        places = np.arange(number, n_known, n_segments)
        old_ids, old = sketches_of(number, n_images // n_segments)
        rows = rng.choice(len(old), len(places), replace=False)
        sketches[places] = old[rows]
        ids |= {old_ids[row] for row in rows}
    for row in range(n_known):
        turned = np.zeros(64, np.uint8)
        turned[rng.choice(64, int(rng.integers(0, MAX_DISTANCE + 1)), replace=False)] = 1
        sketches[row, :8] ^= np.packbits(turned)
    return sketches, ids


def look_up(index: SketchIndex, n_segments: int, sketches: Sketches) -> tuple[float, set[str]]:
    """Seconds to find, read and copy every accepted sketch that a new one could repeat, and whose they are."""
    start, found, n_bytes = time.perf_counter(), set(), 0
    hashes = hashes_of(sketches)
    for number in range(n_segments):
        segment = index.open(str(number), "1")
        assert segment is not None
        rows = rows_near(segment.keys, segment.rows, hashes)
        found |= set(segment.sample_ids(rows))
        n_bytes += sum(len(sketch or b"") for sketch in segment.sketch_bytes(rows))
    assert n_bytes == len(found) * SKETCH_BYTES
    return time.perf_counter() - start, found


def measured(folder: Path, n_images: int, n_segments: int, n_new: int) -> Lines:
    index = SketchIndex(folder)
    build_s = build(index, n_images, n_segments)
    n_bytes = sum(path.stat().st_size for path in folder.iterdir())
    sketches, known = newcomers(n_new, n_images, n_segments)
    with Memory() as before:
        time.sleep(0.1)
    with Memory() as looking:
        rounds = [look_up(index, n_segments, sketches) for _ in range(ROUNDS)]
    times, found = [seconds for seconds, _ in rounds], rounds[0][1]
    extra_mib = looking.peak_mib - before.peak_mib
    is_held = n_bytes <= BUDGET_BYTES * n_images and extra_mib <= BUDGET_MIB and known <= found
    yield "Synthetic sketches, a third of them with white margins.\n"
    yield f"The budget of {BUDGET_BYTES:,} bytes an image on disk and {BUDGET_MIB} MiB of memory for a look-up that"
    yield f"finds every accepted one is {'held' if is_held else 'missed'}: {n_bytes / n_images:,.0f} bytes an image,"
    yield f"{extra_mib:,.0f} MiB, {len(known & found):,} of {len(known):,} found.\n"
    yield "| what | measured |"
    yield "|---|---|"
    yield f"| accepted images, in {n_segments} segments | {n_images:,} |"
    yield f"| bytes an image on disk, its sketch of {SKETCH_BYTES:,} bytes in it | {n_bytes / n_images:,.0f} |"
    yield f"| sort and write, images per second | {n_images / build_s:,.0f} |"
    yield f"| new images looked up | {n_new:,} |"
    yield f"| accepted ones among them in another form; found | {len(known):,}; {len(known & found):,} |"
    yield f"| sketches read, of accepted ones within {MAX_DISTANCE} bits | {len(found):,} |"
    all_mib, read_mib = n_images * SKETCH_BYTES / MIB, len(found) * SKETCH_BYTES / MIB
    yield f"| all sketches, MiB; read, MiB | {all_mib:,.0f}; {read_mib:.1f} |"
    yield f"| look-up of the whole batch, seconds: first, best of {ROUNDS} | {times[0]:.2f}, {min(times):.2f} |"
    yield f"| most anonymous memory of it, MiB | {extra_mib:,.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/RESULTS.md")
    parser.add_argument("--images", type=int, default=1_000_000, help="accepted images")
    parser.add_argument("--segments", type=int, default=10, help="batches that they came in")
    parser.add_argument("--new", type=int, default=1000, help="images of the new batch")
    parser.add_argument("--folder", type=Path, help="where the index is put for the time of the run")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        lines = list(measured(folder, arguments.images, arguments.segments, arguments.new))
    finally:
        shutil.rmtree(folder)
    print("\n".join(lines))
    if arguments.write:
        from results import append_results

        append_results("Index of accepted images", "\n".join(lines))


if __name__ == "__main__":
    main()
