"""Seconds to choose a balanced subset of a million from ten million samples in a cluster tree.

python benchmarks/balanced_sampling.py --write
"""

import argparse
from itertools import pairwise

import numpy as np
from kmeans import seconds
from kmeans_memory import MIB, allocated_mib
from results import append_results, environment

from data_engine.clustering import ClusterTree
from data_engine.sampling import balanced_sample

GOAL = 2.0


def uneven_tree(n_samples: int, n_clusters: tuple[int, ...], seed: int) -> ClusterTree:
    """A tree whose leaves have shares that fall like 1 / rank; sampling never looks at its centroids."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, n_clusters[0] + 1)
    leaf = np.searchsorted(np.cumsum(share / share.sum()), rng.random(n_samples)).clip(0, n_clusters[0] - 1)
    parents = [rng.integers(above, size=below) for below, above in pairwise(n_clusters)]
    centroids = [rng.random((count, 2), dtype=np.float32) for count in n_clusters]
    distance = rng.random(n_samples, dtype=np.float32)
    return ClusterTree.from_centroids(centroids, parents, leaf.astype(np.int32), distance)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--chosen", type=int, default=1_000_000)
    parser.add_argument("--clusters", type=int, nargs="+", default=[100_000, 10_000, 1_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    tree = uneven_tree(args.samples, tuple(args.clusters), seed=0)
    rows = []
    for strategy in ("random", "closest"):

        def choose(strategy: str = strategy) -> np.ndarray:
            return balanced_sample(tree, args.chosen, seed=0, strategy=strategy)

        times = sorted(seconds(choose) for _ in range(args.repeats))
        n_chosen = len(set(choose().tolist()))
        spread = ", ".join(f"{time:.2f}" for time in times)
        held = "yes" if np.median(times) <= GOAL and n_chosen == args.chosen else "no"
        rows.append(f"| {strategy} | {spread} | {n_chosen:,} | {allocated_mib(choose):.0f} | <= {GOAL:g} s | {held} |")
    lines = [
        f"{args.chosen:,} of {args.samples:,} samples in a tree of {' -> '.join(f'{k:,}' for k in args.clusters)} "
        f"clusters whose leaves have sizes like 1 / rank (the largest {tree.levels[0].sizes.max():,}); "
        f"8 bytes a sample are {args.samples * 8 / MIB:.0f} MiB. The median is held against the goal.",
        "",
        "| members of a leaf | seconds, of every run | different samples | memory on top, MiB | goal | held |",
        "|---|---|---|---|---|---|",
        *rows,
    ]
    print("\n".join(lines), environment(), sep="\n")
    if args.write:
        append_results("Balanced sampling", "\n".join(lines))


if __name__ == "__main__":
    main()
