"""What k-means costs beside the bare float32 matrix product of the same shape, timed in the same process.

python benchmarks/kmeans.py                                    # 200,000 x 384, k = 1000
python benchmarks/kmeans.py --rows 20000 --clusters 200        # small
python benchmarks/kmeans.py --peers --write                    # with other libraries; writes the section of RESULTS.md
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from kmeans_peers import peers
from results import append_results, environment

from data_engine.clustering import kmeans
from data_engine.clustering.float32_products import nearest_float32
from data_engine.clustering.kernels import int8_pays
from data_engine.clustering.nearest import means, nearest
from data_engine.clustering.parallel import TEAM
from data_engine.clustering.rows import Rows
from data_engine.clustering.seeding import SEEDINGS, seed_positions

#: Iterations of the short and the longer run whose difference is a peer's cost.
_SHORT, _LONG = 2, 5


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


def structureless(n_rows: int, dim: int, seed: int) -> np.ndarray:
    """(n_rows, dim) float32 unit rows in directions that are all equally likely."""
    x = np.random.default_rng(seed).standard_normal((n_rows, dim), dtype=np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x


def seconds(work: Callable[[], object]) -> float:
    """Wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def extra_mib(work: Callable[[], object]) -> float:
    """Peak of the memory that numpy and Python allocate during the work."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


@dataclass
class Measurement:
    """Costs of the steps on one data set, in bare products; every step is timed next to products of its own."""

    x: np.ndarray
    first: np.ndarray
    repeats: int
    product: np.ndarray
    costs: dict[str, str] = field(default_factory=dict)
    products: list[float] = field(default_factory=list)

    def bare(self) -> float:
        """Seconds of one product."""
        took = seconds(lambda: np.matmul(self.x, self.first.T, out=self.product))
        self.products.append(took)
        return took

    def ratio(self, work: Callable[[], object], repeats: int | None = None) -> float:
        """Median of time(work) / time(product), each pair timed back to back so that a busy machine slows both."""
        return float(np.median([seconds(inside_team(work)) / self.bare() for _ in range(repeats or self.repeats)]))

    def kernel(self) -> str:
        """What `nearest` uses for these sizes."""
        return "int8" if int8_pays(len(self.x), *self.first.shape) else "float32"

    def passes(self) -> None:
        """Assignment and update from random rows, on the fast and on the float32 kernel."""
        rows, first = Rows(self.x), self.first
        for name, label in ((f"{self.kernel()} kernel", nearest), ("float32 kernel", nearest_float32)):

            def one_pass(label: Callable[..., np.ndarray] = label) -> None:
                means(rows, label(rows, first), first)

            one_pass()
            memory = extra_mib(inside_team(one_pass))
            self.costs[f"assignment + update, {name}"] = f"{self.ratio(one_pass):.2f} ({memory:.0f} MiB)"
        n_other = np.count_nonzero(nearest(rows, first) != nearest_float32(rows, first))
        self.costs["labels that differ between the kernels"] = f"{n_other:,}"

    def whole_run(self) -> None:
        """All iterations until less than one label in a thousand changes."""
        done = []

        def run() -> None:
            done.append(kmeans(self.x, len(self.first), seed=0, init=self.first).n_iterations)

        mean = self.ratio(run, 1) / done[0]
        self.costs["mean iteration of a whole run, all included"] = f"{mean:.2f} ({done[0]} iterations)"

    def seedings(self) -> None:
        """Seeding in products, and in assignment passes of the float32 and of the fast kernel."""
        rows = Rows(self.x)
        by_float32, by_fast = (
            self.ratio(lambda label=label: label(rows, self.first), 3) for label in (nearest_float32, nearest)
        )
        for name in SEEDINGS:

            def seed(name: str = name) -> None:
                seed_positions(rows, len(self.first), seeding=name, rng=np.random.default_rng(0))

            cost = self.ratio(seed, 1)
            self.costs[f"seeding {name}"] = (
                f"{cost:.1f} (assignments: {cost / by_float32:.1f} float32, {cost / by_fast:.1f} {self.kernel()})"
            )

    def others(self) -> None:
        """One iteration of the peers."""
        for name, train in peers(self.x, self.first).items():
            train(1)
            took = seconds(lambda train=train: train(_LONG)) - seconds(lambda train=train: train(_SHORT))
            beside = np.median([self.bare() for _ in range(3)])
            self.costs[f"one iteration, {name}"] = f"{took / (_LONG - _SHORT) / beside:.2f}"


def inside_team(work: Callable[[], object]) -> Callable[[], object]:
    """The work as the public functions run it."""

    def wrapped() -> None:
        with TEAM:
            work()

    return wrapped


def measure(x: np.ndarray, n_clusters: int, repeats: int, with_peers: bool) -> dict[str, str]:
    """Cost by step."""
    first = x[np.random.default_rng(1).choice(len(x), n_clusters, replace=False)]
    found = Measurement(x, first, repeats, np.empty((len(x), n_clusters), dtype=np.float32))
    found.bare()
    found.passes()
    found.whole_run()
    found.seedings()
    if with_peers:
        found.others()
    fastest = min(found.products)
    speed = 2 * x.size * n_clusters / fastest / 1e9
    return {"bare matrix product": f"1.00 ({fastest:.2f} s, {speed:.0f} GFLOP/s at best)", **found.costs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peers", action="store_true", help="measure the other libraries that are installed too")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    shape = (args.rows, args.dim)
    mixed = measure(mixture(*shape, args.clusters, seed=0), args.clusters, args.repeats, args.peers)
    even = measure(structureless(*shape, seed=0), args.clusters, args.repeats, args.peers)
    lines = [
        f"{args.rows:,} x {args.dim} float32, k = {args.clusters:,}, from random rows; cost relative to the bare "
        "product beside it, in brackets the memory that numpy takes on top. Mixture: unit rows around centres of very "
        "unequal size. Structureless: directions all equally likely, the worst case for every method that prunes.",
        "",
        "| step | mixture | structureless |",
        "|---|---|---|",
        *(f"| {what} | {cost} | {even[what]} |" for what, cost in mixed.items()),
    ]
    print("\n".join(lines), environment(), sep="\n")
    if args.write:
        append_results("k-means", "\n".join(lines))


if __name__ == "__main__":
    main()
