"""One level of a tree over a memory-mapped file that is larger than the memory allowed, with its peak memory.

python benchmarks/kmeans_memory.py                             # 10,000,000 x 384 float32 (15 GB on disk meanwhile)
python benchmarks/kmeans_memory.py --rows 100000 --clusters 100          # small
python benchmarks/kmeans_memory.py --write                     # and write the section of RESULTS.md

Resident memory beyond the page cache is RssAnon of /proc/self/status, sampled by a thread every 20 ms; extra memory is
the peak of what Python and NumPy allocate (tracemalloc), less the result's labels and distances (8 bytes a row).
"""

import argparse
import re
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from mapped_mixture import mapped_mixture
from results import append_results, environment

from data_engine.clustering import build_tree, kmeans

MIB = 2**20
RESIDENT_GOAL_MIB = 2048


class ResidentMemory:
    """Peak of the anonymous resident memory inside a `with` block, in MiB; pages of mapped files do not count."""

    def __enter__(self) -> "ResidentMemory":
        self.before = self.peak = anonymous_mib()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(0.02):
            self.peak = max(self.peak, anonymous_mib())


def anonymous_mib() -> float:
    """RssAnon of this process."""
    found = re.search(r"^RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"), re.MULTILINE)
    if found is None:
        raise SystemExit("/proc/self/status has no RssAnon; this benchmark needs Linux")
    return int(found[1]) / 1024


def allocated_mib(work: Callable[[], object]) -> float:
    """Peak of what Python and NumPy allocate during the work."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / MIB


def load_kernels(dim: int) -> None:
    """A clustering large enough to load and compile everything, so that code does not count as memory for data."""
    x = np.random.default_rng(0).random((60_000, dim), dtype=np.float32)
    kmeans(x, 1000, seed=0, init=x[:1000], max_iterations=1)


def measure(x: np.ndarray, n_clusters: int, seeding: str, n_iterations: int) -> list[str]:
    """One row of the table: rows, dtype, file, seconds, resident, extra, bound, held."""

    def build() -> None:
        build_tree(x, [n_clusters], seed=0, seeding=seeding, max_iterations=n_iterations)

    start = time.perf_counter()
    with ResidentMemory() as resident:
        extra = allocated_mib(build) - 8 * len(x) / MIB
    seconds = time.perf_counter() - start
    bound = 64 + 3 * n_clusters * x.shape[1] * 4 / MIB
    held = extra <= bound and resident.peak <= RESIDENT_GOAL_MIB
    return [
        f"{len(x):,}",
        str(x.dtype),
        f"{x.nbytes / 1e9:.1f}",
        f"{seconds:.0f}",
        f"{resident.before:.0f}",
        f"{resident.peak:.0f}",
        f"{8 * len(x) / MIB:.0f}",
        f"{extra:.0f}",
        f"{bound:.0f}",
        "yes" if held else "no",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--iterations", type=int, default=2)
    parser.add_argument("--seeding", default="sampled_greedy_kmeans++")
    parser.add_argument("--folder", help="where the file lies meanwhile; default: the temporary folder")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    load_kernels(args.dim)
    table = []
    for dtype, n_rows in (("float16", args.rows // 10), ("float32", args.rows)):
        with mapped_mixture(n_rows, args.dim, 2000, seed=0, dtype=dtype, folder=args.folder) as x:
            table.append(measure(x, args.clusters, args.seeding, args.iterations))
            print(" | ".join(table[-1]), flush=True)
    lines = [
        f"One level of k = {args.clusters:,} over a memory map of {args.dim} values per row, seeded by {args.seeding}, "
        f"at most {args.iterations} Lloyd iterations. Resident: RssAnon of the process, without the page cache, "
        f"sampled every 20 ms; goal <= {RESIDENT_GOAL_MIB:,} MiB. Extra: peak allocations less labels and distances; "
        "goal <= 64 MiB + 3 x k x dim x 4 bytes. Seconds are those of a machine with other work, traced.",
        "",
        "| rows | dtype | file GB | seconds | resident before, MiB | resident at most, MiB | labels and distances, MiB "
        "| extra, MiB | bound, MiB | held |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in table),
    ]
    print("\n".join(lines), environment(), sep="\n")
    if args.write:
        append_results("k-means beyond the memory", "\n".join(lines))


if __name__ == "__main__":
    main()
