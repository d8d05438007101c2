"""How the time of k-means grows with the rows at a fixed number of clusters, from a memory-mapped file.

python benchmarks/kmeans_scaling.py                            # 125,000 to 2,000,000 x 384, k = 256
python benchmarks/kmeans_scaling.py --rows 40000 --clusters 64 --doublings 2      # small
python benchmarks/kmeans_scaling.py --write                    # and write the section of RESULTS.md

Sizes take turns, the largest first, so that a machine that is busy for a while slows neighbours alike; a size's time is
the shortest of its runs.
"""

import argparse
import time

import numpy as np
from kmeans_memory import MIB, allocated_mib
from mapped_mixture import mapped_mixture
from results import append_results, environment

from data_engine.clustering import kmeans

GOAL = 2.1


def seconds(x: np.ndarray, n_clusters: int, seeding: str, n_iterations: int) -> float:
    """Wall time of a k-means that does exactly this many iterations."""
    start = time.perf_counter()
    found = kmeans(x, n_clusters, seed=0, init=seeding, max_iterations=n_iterations, tolerance=0.0)
    if found.n_iterations != n_iterations:
        raise SystemExit(f"k-means ended after {found.n_iterations} of {n_iterations} iterations; compare longer runs")
    return time.perf_counter() - start


def table(x: np.ndarray, sizes: list[int], n_clusters: int, seeding: str, n_iterations: int, repeats: int) -> list[str]:
    """Rows of (rows, seconds, time to that of half the rows, extra memory)."""
    turns = [[seconds(x[:n], n_clusters, seeding, n_iterations) for n in reversed(sizes)] for _ in range(repeats)]
    best = np.array(turns).min(axis=0)[::-1]
    lines = []
    for number, n in enumerate(sizes):
        extra = allocated_mib(lambda n=n: seconds(x[:n], n_clusters, seeding, n_iterations)) - 8 * n / MIB
        growth = f"{best[number] / best[number - 1]:.2f}" if number else "-"
        lines.append(f"| {n:,} | {best[number]:.2f} | {growth} | {8 * n / MIB:.0f} | {extra:.0f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of the largest size")
    parser.add_argument("--doublings", type=int, default=4)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--clusters", type=int, default=256)
    parser.add_argument("--iterations", type=int, default=2)
    parser.add_argument("--seeding", default="kmeans++")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--folder", help="where the file lies meanwhile; default: the temporary folder")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    sizes = [args.rows >> shift for shift in range(args.doublings, -1, -1)]
    with mapped_mixture(args.rows, args.dim, 2000, seed=0, folder=args.folder) as x:
        np.add.reduce(x[:, 0])  # brings the file into the page cache
        rows = table(x, sizes, args.clusters, args.seeding, args.iterations, args.repeats)
    growth = max(float(row.split("|")[3]) for row in rows[1:])
    bound = 64 + 3 * args.clusters * args.dim * 4 / MIB
    lines = [
        f"Rows x {args.dim} float32 from a memory map, k = {args.clusters:,}, seeded by {args.seeding}, exactly "
        f"{args.iterations} Lloyd iterations; shortest of {args.repeats} runs. Extra memory: peak allocations less "
        f"labels and distances; bound {bound:.0f} MiB.",
        "",
        "| rows | seconds | time to that of half the rows | labels and distances, MiB | extra, MiB |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"The goal of {GOAL} per doubling is {'held' if growth <= GOAL else 'missed'}: at most {growth:.2f}.",
    ]
    print("\n".join(lines), environment(), sep="\n")
    if args.write:
        append_results("k-means as the rows grow", "\n".join(lines))


if __name__ == "__main__":
    main()
