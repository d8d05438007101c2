"""What k-means costs beside the bare float32 matrix product of the same shape, timed in the same process.

python benchmarks/kmeans.py                                    # 200,000 x 384, k = 1000
python benchmarks/kmeans.py --rows 20000 --clusters 200        # small
python benchmarks/kmeans.py --peers --write                    # with other libraries; writes the section of RESULTS.md
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from kmeans_memory import MIB, ResidentMemory, allocated_mib
from kmeans_peers import peers
from results import append_results, environment

from data_engine.clustering import kmeans
from data_engine.clustering.float32_products import nearest_float32
from data_engine.clustering.kernel_choice import use_int8
from data_engine.clustering.matrix_rows import Rows
from data_engine.clustering.nearest import means, nearest
from data_engine.clustering.parallel import TEAM
from data_engine.clustering.seeding import DEFAULT_SEEDING, SEEDINGS, seed_positions

#: Iterations of the short and the longer run whose difference is a peer's cost.
_SHORT, _LONG = 1, 3
#: Rows whose scores are held at once in float64, and the share of a distance that its rounding can be.
_EXACT_ROWS, _EXACT_ROUNDING = 2000, 1e-12

FAST = "assignment + update, fastest kernel"
MEMORY = "extra memory of it, MiB"
OTHER_LABELS = "labels farther off than those of float64 scores"
INERTIA = "inertia above that of float64 labels"


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


def structureless(n_rows: int, dim: int) -> np.ndarray:
    """(n_rows, dim) float32 unit rows in directions that are all equally likely."""
    x = np.random.default_rng(0).standard_normal((n_rows, dim), dtype=np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x


#: By name: the section's title, what the rows are, and how they are made.
DATA: dict[str, tuple[str, str, Callable[[int, int, int], np.ndarray]]] = {
    "mixture": (
        "k-means",
        "Unit rows around centres of very unequal size.",
        lambda n_rows, dim, n_clusters: mixture(n_rows, dim, n_clusters, seed=0),
    ),
    "structureless": (
        "k-means without structure",
        "Directions all equally likely: the worst case for every method that prunes.",
        lambda n_rows, dim, _: structureless(n_rows, dim),
    ),
}


def seconds(work: Callable[[], object]) -> float:
    """Wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def extra_mib(work: Callable[[], object]) -> float:
    """What the work takes on top: how far resident memory rises, or what NumPy allocates at most if that is more."""
    with ResidentMemory() as resident:
        allocated = allocated_mib(work)
    return max(resident.peak - resident.before, allocated)


def exact_labels(x: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """(n,) nearest centroid by scores in float64, tile by tile."""
    exact = centroids.astype(np.float64)
    squares = np.einsum("ij,ij->i", exact, exact)
    tiles = (x[start : start + _EXACT_ROWS].astype(np.float64) for start in range(0, len(x), _EXACT_ROWS))
    return np.concatenate([(squares - 2 * (tile @ exact.T)).argmin(axis=1) for tile in tiles])


def exact_distances(x: np.ndarray, centroids: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) squared distance to the labelled centroid, from differences in float64."""
    found = np.empty(len(x))
    for start in range(0, len(x), _EXACT_ROWS):
        part = slice(start, start + _EXACT_ROWS)
        difference = x[part].astype(np.float64) - centroids[labels[part]]
        np.einsum("ij,ij->i", difference, difference, out=found[part])
    return found


@dataclass(frozen=True)
class Cost:
    """A cell of the table: what is printed, and the number that a goal is held against."""

    text: str
    value: float


@dataclass
class Measurement:
    """Costs of the steps on one data set, in bare products; every step is timed next to products of its own."""

    x: np.ndarray
    first: np.ndarray
    repeats: int
    product: np.ndarray
    costs: dict[str, Cost] = field(default_factory=dict)
    products: list[float] = field(default_factory=list)

    def note(self, step: str, value: float, text: str) -> None:
        """Keep a cell."""
        self.costs[step] = Cost(text, value)

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
        return "int8" if use_int8(len(self.x), *self.first.shape) else "float32"

    def passes(self) -> None:
        """Assignment and update from random rows, on the fast and on the float32 kernel."""
        rows, first = Rows(self.x), self.first
        for name, label in ((FAST, nearest), ("assignment + update, float32 kernel", nearest_float32)):

            def one_pass(label: Callable[..., np.ndarray] = label) -> None:
                means(rows, label(rows, first), first)

            one_pass()
            memory = extra_mib(inside_team(one_pass))
            cost = self.ratio(one_pass)
            self.note(name, cost, f"{cost:.2f} ({memory:.0f} MiB)")
            if label is nearest:
                self.note(MEMORY, memory, f"{memory:.0f}")

    def exactness(self) -> None:
        """Labels and inertia of the pass, held against scores in float64."""
        labels, exact = nearest(Rows(self.x), self.first), exact_labels(self.x, self.first)
        distances, least = (exact_distances(self.x, self.first, these) for these in (labels, exact))
        n_other = int(np.count_nonzero(distances > least * (1 + _EXACT_ROUNDING)))
        n_ties = int(np.count_nonzero(labels != exact)) - n_other
        self.note(OTHER_LABELS, n_other, f"{n_other:,} (and {n_ties:,} ties)")
        excess = distances.sum() / least.sum() - 1
        self.note(INERTIA, excess, f"{max(excess, 0):.4%}")

    def whole_run(self) -> None:
        """All iterations until less than one label in a thousand changes."""
        done = []

        def run() -> None:
            done.append(kmeans(self.x, len(self.first), seed=0, init=self.first).n_iterations)

        mean = self.ratio(run, 1) / done[0]
        self.note("mean iteration of a whole run, all included", mean, f"{mean:.2f} ({done[0]} iterations)")

    def seedings(self) -> None:
        """Seeding in assignment passes of the float32 kernel; in brackets in products and in passes of the fast one."""
        rows = Rows(self.x)
        by_float32, by_fast = (
            self.ratio(lambda label=label: label(rows, self.first), 3) for label in (nearest_float32, nearest)
        )
        for name in SEEDINGS:

            def seed(name: str = name) -> None:
                seed_positions(rows, len(self.first), seeding=name, rng=np.random.default_rng(0))

            cost = self.ratio(seed, 1)
            passes = cost / by_float32
            text = f"{passes:.1f} ({cost:.1f} products, {cost / by_fast:.1f} {self.kernel()} passes)"
            self.note(f"seeding {name}, in float32 passes", passes, text)

    def others(self) -> None:
        """One iteration of the peers."""
        for name, train in peers(self.x, self.first).items():
            memory = extra_mib(lambda train=train: train(1))
            short, long = (seconds(lambda train=train, n=n: train(n)) for n in (_SHORT, _LONG))
            cost = (long - short) / (_LONG - _SHORT) / float(np.median([self.bare() for _ in range(3)]))
            self.note(f"one iteration, {name}", cost, f"{cost:.2f} ({memory:.0f} MiB)")


def inside_team(work: Callable[[], object]) -> Callable[[], object]:
    """The work as the public functions run it."""

    def wrapped() -> None:
        with TEAM:
            work()

    return wrapped


def measure(x: np.ndarray, n_clusters: int, repeats: int, with_peers: bool) -> dict[str, Cost]:
    """Cost by step."""
    first = x[np.random.default_rng(1).choice(len(x), n_clusters, replace=False)]
    found = Measurement(x, first, repeats, np.empty((len(x), n_clusters), dtype=np.float32))
    found.bare()
    found.passes()
    found.exactness()
    found.whole_run()
    found.seedings()
    if with_peers:
        found.others()
    fastest = min(found.products)
    speed = 2 * x.size * n_clusters / fastest / 1e9
    return {"bare matrix product": Cost(f"1.00 ({fastest:.2f} s, {speed:.0f} GFLOP/s at best)", 1.0), **found.costs}


def table(costs: dict[str, Cost], goals: dict[str, float]) -> list[str]:
    """Lines of the table, each with its goal and whether it is held."""
    lines = ["| step | cost | goal | held |", "|---|---|---|---|"]
    for step, cost in costs.items():
        goal, held = "", ""
        if step in goals:
            goal = f"<= {goals[step]:.1%}" if step == INERTIA else f"<= {goals[step]:g}"
            held = "yes" if cost.value <= goals[step] else "no"
        lines.append(f"| {step} | {cost.text} | {goal} | {held} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--peers", action="store_true", help="measure the other libraries that are installed too")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    goals = {
        FAST: 0.55,
        MEMORY: round(64 + 3 * args.clusters * args.dim * 4 / MIB),
        OTHER_LABELS: 0,
        INERTIA: 0.001,
        f"seeding {DEFAULT_SEEDING}, in float32 passes": 5,
    }
    for name in args.data:
        title, what, make = DATA[name]
        costs = measure(make(args.rows, args.dim, args.clusters), args.clusters, args.repeats, args.peers)
        lines = [
            f"{args.rows:,} x {args.dim} float32, k = {args.clusters:,}, from random rows; cost relative to the bare "
            f"product beside it, in brackets the memory it takes on top. {what} An iteration of another library is "
            "the slope between a short and a longer run of its own, from the same rows where it takes any.",
            "",
            *table(costs, goals),
        ]
        print(f"## {title}", *lines, environment(), sep="\n", flush=True)
        if args.write:
            append_results(title, "\n".join(lines))


if __name__ == "__main__":
    main()
