"""How long a balanced subset of a large tree takes, beside bare sorts of as many numbers in the same process.

python benchmarks/sampling.py                                  # 1,000,000 of 10,000,000 samples, three levels
python benchmarks/sampling.py --rows 100000 --leaves 2000      # small
python benchmarks/sampling.py --write                          # and write the section of RESULTS.md
"""

import argparse
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from results import append_results, environment

from data_engine.clustering import ClusterTree
from data_engine.sampling import balanced_sample

GOAL_S = 2.0


def large_tree(n_samples: int, n_leaves: int, seed: int) -> ClusterTree:
    """Three levels over leaves of very unequal size (shares fall like a Pareto law); nothing is clustered."""
    rng = np.random.default_rng(seed)
    counts = [n_leaves, max(1, n_leaves // 10), max(1, n_leaves // 100)]
    share = rng.pareto(1.2, n_leaves) + 0.05
    return ClusterTree.from_centroids(
        [rng.standard_normal((count, 2), dtype=np.float32) for count in counts],
        [rng.integers(0, above, below) for below, above in pairwise(counts)],
        rng.choice(n_leaves, n_samples, p=share / share.sum()).astype(np.int32),
        rng.gamma(8, 0.1, n_samples).astype(np.float32),
    )


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def measure(tree: ClusterTree, target_size: int, repeats: int) -> dict[str, float]:
    """Median seconds of every piece of work."""
    priority = np.random.default_rng(0).random(tree.n_samples)
    work: dict[str, Callable[[], object]] = {
        "balanced_sample, random members": lambda: balanced_sample(tree, target_size, seed=0),
        "balanced_sample, closest members": lambda: balanced_sample(tree, target_size, seed=0, strategy="closest"),
        "bare np.argsort of one key": lambda: np.argsort(priority),
        "bare np.lexsort by leaf and key": lambda: np.lexsort((priority, tree.leaf)),
    }
    return {what: seconds(do, repeats) for what, do in work.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--leaves", type=int, default=100_000)
    parser.add_argument("--share", type=float, default=0.1, help="share of the rows that is chosen")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    tree = large_tree(args.rows, args.leaves, seed=0)
    target_size = int(args.rows * args.share)
    found = measure(tree, target_size, args.repeats)
    argsort, lexsort = found["bare np.argsort of one key"], found["bare np.lexsort by leaf and key"]
    slowest = max(found["balanced_sample, random members"], found["balanced_sample, closest members"])
    lines = [
        f"{target_size:,} of {args.rows:,} samples from a tree of {args.leaves:,} leaves and three levels.",
        "",
        "| work | seconds, median | to np.argsort | to np.lexsort |",
        "|---|---|---|---|",
        *(f"| {what} | {s:.2f} | {s / argsort:.2f} | {s / lexsort:.2f} |" for what, s in found.items()),
        "",
        f"The goal of {GOAL_S:g} s is {'held' if slowest <= GOAL_S else 'missed'}: {slowest:.2f} s.",
    ]
    print("\n".join(lines), environment(), sep="\n")
    if args.write:
        append_results("Sampling from a tree", "\n".join(lines))


if __name__ == "__main__":
    main()
