"""What k-means costs beside the bare float32 matrix product of the same shape, timed in the same process.

python benchmarks/kmeans.py                                    # 200,000 x 384, k = 1000
python benchmarks/kmeans.py --rows 20000 --clusters 200        # small
python benchmarks/kmeans.py --write                            # and write the section of RESULTS.md
"""

import argparse
import time
import tracemalloc
import warnings
from collections.abc import Callable

import numpy as np
from results import append_results, environment

from data_engine.clustering import kmeans
from data_engine.clustering.nearest import means, nearest
from data_engine.clustering.parallel import TEAM
from data_engine.clustering.rows import Rows
from data_engine.clustering.seeding import SEEDINGS, seed_positions


def mixture(n_rows: int, dim: int, n_clusters: int, seed: int) -> np.ndarray:
    """(n_rows, dim) float32 unit rows around centres whose shares fall like 1 / rank."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((n_clusters, dim), dtype=np.float32)
    share = 1 / np.arange(1, n_clusters + 1)
    x = rng.standard_normal((n_rows, dim), dtype=np.float32)
    x *= 0.7
    x += centres[rng.choice(n_clusters, n_rows, p=share / share.sum())]
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x


def seconds(work: Callable[[], object]) -> float:
    """Wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ratio(work: Callable[[], object], unit: Callable[[], object], repeats: int) -> float:
    """Median of time(work) / time(unit), each pair timed back to back so that a busy machine slows both."""
    return float(np.median([seconds(work) / seconds(unit) for _ in range(repeats)]))


def extra_mib(work: Callable[[], object]) -> float:
    """Peak of the memory allocated during the work."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def scikit_learn_pass(x: np.ndarray, first: np.ndarray) -> Callable[[], object]:
    """One Lloyd iteration and the assignment that ends it."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    def work() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            KMeans(len(first), init=first, n_init=1, max_iter=1, copy_x=False).fit(x)

    return work


def measure(n_rows: int, dim: int, n_clusters: int, repeats: int) -> list[tuple[str, str, str]]:
    """Rows of (what, cost, extra memory)."""
    x = mixture(n_rows, dim, n_clusters, seed=0)
    first = x[np.random.default_rng(1).choice(n_rows, n_clusters, replace=False)]
    rows, product = Rows(x), np.empty((n_rows, n_clusters), dtype=np.float32)

    def bare() -> None:
        np.matmul(x, first.T, out=product)

    def one_pass() -> None:
        means(rows, nearest(rows, first), first)

    def public() -> None:
        kmeans(x, n_clusters, seed=0, init=first, max_iterations=1, tolerance=0.0)

    bare()
    fastest = min(seconds(bare) for _ in range(repeats))
    speed = 2 * n_rows * dim * n_clusters / fastest / 1e9
    table = [("bare matrix product", f"1.00 ({fastest:.2f} s, {speed:.0f} GFLOP/s at best)", "-")]
    steps = [
        ("assignment", inside_team(lambda: nearest(rows, first))),
        ("assignment + update", inside_team(one_pass)),
        ("kmeans, 1 iteration (2 assignments)", public),
        ("scikit-learn Lloyd, 1 iteration (2 assignments)", scikit_learn_pass(x, first)),
    ]
    for what, work in steps:
        table.append((what, f"{ratio(work, bare, repeats):.2f}", f"{extra_mib(work):.0f}"))
    return table + [measure_seeding(rows, first, seeding) for seeding in SEEDINGS]


def inside_team(work: Callable[[], object]) -> Callable[[], object]:
    """The work as the public functions run it."""

    def wrapped() -> None:
        with TEAM:
            work()

    return wrapped


def measure_seeding(rows: Rows, first: np.ndarray, seeding: str) -> tuple[str, str, str]:
    """Cost of a seeding in assignment passes."""

    def work() -> None:
        seed_positions(rows, len(first), seeding=seeding, rng=np.random.default_rng(0))

    passes = ratio(inside_team(work), inside_team(lambda: nearest(rows, first)), 1)
    return f"seeding {seeding}", f"{passes:.1f} assignments", f"{extra_mib(inside_team(work)):.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    table = measure(args.rows, args.dim, args.clusters, args.repeats)
    lines = [
        f"{args.rows:,} x {args.dim} float32, k = {args.clusters:,}; cost relative to the bare product.",
        "",
        "| step | cost | extra peak MiB |",
        "|---|---|---|",
        *(f"| {what} | {cost} | {memory} |" for what, cost, memory in table),
    ]
    print("\n".join(lines), environment(), sep="\n")
    if args.write:
        append_results("k-means", "\n".join(lines))


if __name__ == "__main__":
    main()
