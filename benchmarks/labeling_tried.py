"""Ways to pick that were tried beside the engine's hybrid strategy, and are not built in: decision 093.

    python benchmarks/labeling_tried.py --embedded FOLDER --kept FILE --write

FOLDER, FILE and the cases are those of `labeling.py`; curves that FILE has are taken from it.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from labeling import CASES, Choose, Problem, measure, own, rows_of
from numpy.typing import NDArray
from results import Kept, append_results, environment
from scipy.cluster.hierarchy import fcluster, linkage
from threadpoolctl import threadpool_limits

from data_engine.kernels.facility_location import greedy_order
from data_engine.labeling.strategies.uncertainty import margin

Rows = NDArray[np.int64]
Weights = NDArray[np.float64]


def doubt(probabilities: NDArray | None, rows: Rows) -> Weights:
    """What a row counts: the squared margin, as in the engine's hybrid."""
    return np.ones(len(rows)) if probabilities is None else margin(probabilities[rows]) ** 2


def cosines(pool: Problem, rows: Rows, by: Rows) -> NDArray[np.float32]:
    """How well rows are covered, as in the engine's hybrid: the square of the cosine, 0 where that is negative."""
    return np.asarray(np.clip(pool.x[rows] @ pool.x[by].T, 0, 1) ** 2, dtype=np.float32)


def local_scale(pool: Problem, rows: Rows, by: Rows) -> NDArray[np.float32]:
    """As near as the eighth neighbour of both is near; Zelnik-Manor and Perona 2004, "Self-Tuning Clustering"."""
    near = -np.partition(-(pool.x @ pool.x.T), 8, axis=1)[:, 8]
    scale = np.sqrt(np.maximum(2 - 2 * near, 1e-9))
    distances = np.maximum(2 - 2 * (pool.x[rows] @ pool.x[by].T), 0)
    return np.exp(-distances / (scale[rows][:, None] * scale[by][None])).astype(np.float32)


def coverage(covers: Callable[[Problem, Rows, Rows], NDArray[np.float32]], *, within_class: bool) -> Choose:
    """Facility location over every free row; within a class a row covers another as far as both may be of one class."""

    def chosen(pool: Problem, labelled: Rows, probabilities: NDArray | None, n: int, _seed: int) -> Rows:
        free = np.setdiff1d(np.arange(len(pool.x)), labelled)
        gain, known = covers(pool, free, free), covers(pool, free, labelled)
        if within_class and probabilities is not None:
            root = np.sqrt(probabilities[free]).astype(np.float32)
            gain *= np.clip(root @ root.T, 0, 1)
            known *= root[:, pool.y[labelled]]
        if len(labelled):
            gain = np.maximum(gain - known.max(axis=1)[None], 0)
        order, _ = greedy_order(np.ascontiguousarray(1 - gain), doubt(probabilities, free), 1.0, n)
        return free[order]

    return chosen


_TREES: dict[int, NDArray[np.float64]] = {}


def by_tree(pool: Problem, labelled: Rows, probabilities: NDArray | None, n: int, _seed: int) -> Rows:
    """Ward's tree is cut into as many clusters as there are labels then; those without one are asked."""
    if id(pool.x) not in _TREES:
        _TREES.clear()
        _TREES[id(pool.x)] = linkage(pool.x.astype(np.float64), "ward")
    free = np.setdiff1d(np.arange(len(pool.x)), labelled)
    weights = np.zeros(len(pool.x))
    weights[free] = doubt(probabilities, free)
    n_clusters = len(labelled) + n
    while True:
        cluster = fcluster(_TREES[id(pool.x)], n_clusters, "maxclust")
        unseen = np.setdiff1d(cluster, cluster[labelled])
        if len(unseen) >= n or n_clusters >= len(pool.x):
            break
        n_clusters = min(len(pool.x), n_clusters + n - len(unseen))
    mass = np.bincount(cluster, weights=weights)
    picked = []
    for one in unseen[np.argsort(-mass[unseen], kind="stable")][:n]:
        rows = np.flatnonzero(cluster == one)
        covered = cosines(pool, rows, rows) * (weights[rows] + 1e-12)[:, None]
        picked.append(rows[covered.sum(axis=0).argmax()])
    return np.array(picked)


def then_hybrid(labels_per_class: float) -> Choose:
    """By the tree until there are so many labels per class, then hybrid; 0 is the first batch alone."""

    def chosen(pool: Problem, labelled: Rows, probabilities: NDArray | None, n: int, seed: int) -> Rows:
        is_early = probabilities is None or len(labelled) < labels_per_class * pool.n_classes
        return (by_tree if is_early else own("hybrid"))(pool, labelled, probabilities, n, seed)

    return chosen


WAYS: dict[str, tuple[Choose, bool]] = {
    "random": (own("random"), False),
    "hybrid": (own("hybrid"), False),
    "hybrid, of all free rows": (coverage(cosines, within_class=False), False),
    "hybrid, a row covers its probable class alone": (coverage(cosines, within_class=True), False),
    "the same, as near as its neighbours are": (coverage(local_scale, within_class=True), False),
    "Ward's tree for the first batch, then hybrid": (then_hybrid(0), False),
    "Ward's tree until 2 labels a class, then hybrid": (then_hybrid(2), False),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedded", type=Path, required=True, help="folder of the .npz files")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--kept", type=Path, help="file of what is measured; none of it is measured again")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start nothing after so many")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    kept, lines = Kept(args.kept, args.minutes), []
    with threadpool_limits(1, user_api="blas"):
        for case in CASES[:4]:
            measure(args.embedded, case, WAYS, args.seeds, kept)
            lines += rows_of(case, WAYS, args.seeds, kept)
    head = [
        f"As in the table of the strategies; means over {args.seeds} seeds of pool and picks at most, ± half the 90 % "
        "interval. None is better than hybrid on all pools, so none is built in.",
        "",
        "| pool | way | seeds | labels, 90 % | labels, 95 % | boost, 90 % | boost, 95 % | at one label a class |",
        "|---" * 8 + "|",
    ]
    print("\n".join(lines))
    if args.write:
        append_results("Ways to pick that were tried", "\n".join([*head, *lines]))
    print(environment())


if __name__ == "__main__":
    main()
