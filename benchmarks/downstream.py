"""Does the subset teach? One classifier on subsets by every method, judged on a balanced test set, on real corpora.

python benchmarks/downstream.py --embedded FOLDER --corpus clinc150   # one corpus
python benchmarks/downstream.py --embedded FOLDER --write             # all, into RESULTS.md

Each corpus is FOLDER/<corpus>.npz, made with the engine's default encoder (`data_engine.embedding.load_encoder`): x
(n, dim) embeddings, y (n,) names of the labels ("" where unknown), and xt, yt for a test set where the corpus has one.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from results import append_results, environment
from scipy.stats import t as student

from data_engine.labeling import fit_classifier
from data_engine.sampling import METHODS, choose_subset

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """A pool made of a corpus: classes fall geometrically from `largest` to `largest / tail`."""

    corpus: str
    tail: int
    largest: int
    n_test: int
    """Test samples per class; 0 where the corpus has its own test set."""
    targets: tuple[float, ...]
    """Samples to choose; below 1 a share of the pool."""


CASES = (
    Case("clinc150", 3, 120, 0, (600, 0.02, 0.5)),
    Case("clinc150", 10, 120, 0, (600,)),
    Case("clinc150", 50, 120, 0, (600, 0.02, 0.5)),
    Case("clothing", 33, 400, 35, (150, 0.02, 0.5)),
    Case("cifar10", 50, 800, 200, (200, 0.5)),
    Case("agnews", 50, 1600, 300, (100, 300, 0.5)),
    Case("licences", 0, 0, 0, (1200, 4000)),
)
RARE_SHARE = 3
HALF = 0.5


@dataclass(frozen=True, eq=False)
class Problem:
    """A pool with labels (-1: unknown) and a test set."""

    x: NDArray[np.float32]
    y: Rows
    x_test: NDArray[np.float32]
    y_test: Rows
    is_rare: NDArray[np.bool_]


@cache
def embedded(folder: Path, corpus: str) -> dict[str, NDArray]:
    """Embeddings and labels of a corpus."""
    with np.load(folder / f"{corpus}.npz") as archive:
        return {name: archive[name] for name in archive.files}


def problem(folder: Path, case: Case, seed: int) -> Problem:
    """The pool and test set of a seed: which classes are rare, and which samples are in the pool."""
    data, rng = embedded(folder, case.corpus), np.random.default_rng(1000 + seed)
    x, y = data["x"], data["y"]
    if "xt" in data and case.n_test:
        x, y = np.concatenate([x, data["xt"]]), np.concatenate([y, data["yt"]])
    if not case.tail:
        return _natural(x, y, rng)
    classes = rng.permutation(np.unique(y))
    sizes = np.maximum(np.round(case.largest * case.tail ** (-np.arange(len(classes)) / (len(classes) - 1))), 1)
    pool, test = [], []
    for name, size in zip(classes, sizes.astype(int), strict=True):
        rows = rng.permutation(np.flatnonzero(y == name))
        test.append(rows[: case.n_test])
        pool.append(rows[case.n_test :][:size])
    rows, out = np.sort(np.concatenate(pool)), np.concatenate(test).astype(int)
    x_test, y_test = (x[out], y[out]) if case.n_test else (data["xt"], data["yt"])
    return _numbered(x[rows], y[rows], x_test, y_test, np.unique(y))


def _natural(x: NDArray, y: NDArray, rng: np.random.Generator) -> Problem:
    """A corpus with its own tail: a quarter of each label with at least four samples, at most 20, is the test set."""
    names, counts = np.unique(y[y != ""], return_counts=True)
    judged = [(name, max(min(20, n // 4), 1)) for name, n in zip(names, counts, strict=True) if n >= 4]
    out = np.concatenate([rng.permutation(np.flatnonzero(y == name))[:n] for name, n in judged])
    rows = np.setdiff1d(np.arange(len(y)), out)
    return _numbered(x[rows], y[rows], x[out], y[out], np.array([name for name, _ in judged]))


def _numbered(x: NDArray, y: NDArray, x_test: NDArray, y_test: NDArray, names: NDArray) -> Problem:
    number = {name: i for i, name in enumerate(names.tolist())}
    labels, truth = (np.array([number.get(name, -1) for name in part.tolist()]) for part in (y, y_test))
    counts = np.bincount(labels[labels >= 0], minlength=len(number))
    is_rare = np.zeros(len(number), dtype=bool)
    is_rare[np.argsort(counts, kind="stable")[: max(len(number) // RARE_SHARE, 1)]] = True
    return Problem(np.ascontiguousarray(x, np.float32), labels, np.asarray(x_test, np.float32), truth, is_rare)


def figures(found: Problem, chosen: Rows) -> NDArray[np.float64]:
    """Macro accuracy, recall of the rarest third, share of the classes covered."""
    known = chosen[found.y[chosen] >= 0]
    n_classes = len(found.is_rare)
    classifier = fit_classifier(found.x[known], found.y[known], seed=0, n_classes=n_classes)
    is_right = classifier.predict_proba(found.x_test).argmax(axis=1) == found.y_test
    recall = np.bincount(found.y_test, weights=is_right, minlength=n_classes)
    recall = recall / np.maximum(np.bincount(found.y_test, minlength=n_classes), 1)
    return np.array([recall.mean(), recall[found.is_rare].mean(), len(np.unique(found.y[known])) / n_classes])


def k_center(x: NDArray[np.float32], target: int, seed: int) -> Rows:
    """The sample farthest from everything chosen, again and again (Sener and Savarese 2018)."""
    chosen = [int(np.random.default_rng(seed).integers(len(x)))]
    near = 2 - 2 * (x @ x[chosen[0]])
    while len(chosen) < target:
        chosen.append(int(near.argmax()))
        near = np.minimum(near, 2 - 2 * (x @ x[chosen[-1]]))
    return np.array(chosen)


def typiclust(x: NDArray[np.float32], target: int, seed: int) -> Rows:
    """Of as many k-means clusters as samples wanted, the member nearest to its 20 neighbours (Hacohen et al. 2022)."""
    from data_engine.clustering import kmeans

    label = kmeans(x, target, seed=seed, init="kmeans++").assignment
    chosen = []
    for cluster in range(label.max() + 1):
        members = np.flatnonzero(label == cluster)
        k = min(20, len(members))
        similar = -np.partition(-(x[members] @ x[members].T), k - 1, axis=1)[:, :k].mean(axis=1)
        chosen.append(members[similar.argmax()])
    rest = np.random.default_rng(seed).permutation(np.setdiff1d(np.arange(len(x)), chosen))
    return np.concatenate([chosen, rest])[:target].astype(int)


def apricot(x: NDArray[np.float32], target: int, seed: int) -> Rows:  # noqa: ARG001
    """Facility location of the package apricot-select, over cosines."""
    from apricot import FacilityLocationSelection

    similarity = np.maximum(x @ x.T, 0)
    return FacilityLocationSelection(target, metric="precomputed", optimizer="lazy").fit(similarity).ranking


PEERS: dict[str, Callable[[NDArray[np.float32], int, int], Rows]] = {"k-center": k_center, "TypiClust": typiclust}


def peers() -> dict[str, Callable[[NDArray[np.float32], int, int], Rows]]:
    """The peers that are installed."""
    return PEERS | ({"apricot facility location": apricot} if find_spec("apricot") else {})


def ways(names: list[str]) -> dict[str, Callable[[NDArray[np.float32], int, int], Rows]]:
    """Methods of the engine and peers, by name."""
    own = {
        name: lambda x, target, seed, name=name: choose_subset(x, target, method=name, seed=seed) for name in METHODS
    }
    known = own | peers()
    return {name: known[name] for name in (names or known) if name in known}


def lines_of(folder: Path, case: Case, target: float, n_seeds: int, names: list[str]) -> list[str]:
    """The rows of one pool and target: differences to random, with 90 % intervals over the seeds."""
    random: list[NDArray] = []
    found: dict[str, list[NDArray]] = {}
    for seed in range(n_seeds):
        pool = problem(folder, case, seed)
        n = round(target * len(pool.x)) if target < 1 else round(target)
        draws = [figures(pool, choose_subset(pool.x, n, method="random", seed=10 * seed + k)) for k in range(3)]
        random.append(np.mean(draws, axis=0))
        for name, choose in ways(names).items():
            # Peers cluster into as many clusters as samples wanted, which takes hours at half of a pool.
            if name != "random" and not (name in PEERS and target == HALF):
                found.setdefault(name, []).append(figures(pool, choose(pool.x, n, seed)) - random[-1])
    what = f"{case.corpus}, tail {case.tail or 'its own'}, pool {len(pool.x):,}, {n:,} chosen"
    print(what, flush=True)
    rows = [f"| {what} | random | {' | '.join(f'{value:.3f}' for value in np.mean(random, axis=0))} |"]
    rows += [f"| | {name} | {' | '.join(_spread(np.array(values)))} |" for name, values in found.items()]
    print("\n".join(rows), flush=True)
    return rows


def _spread(values: NDArray) -> list[str]:
    """Mean and half the 90 % interval of every column."""
    n = len(values)
    half = (
        student.ppf(0.95, n - 1) * values.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(values.shape[1], 0.0)
    )
    return [f"{mean:+.3f} ± {h:.3f}" for mean, h in zip(values.mean(axis=0), half, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--embedded", type=Path, required=True, help="folder of the .npz files")
    parser.add_argument("--corpus", nargs="*", default=[], help="only these corpora")
    parser.add_argument("--tail", nargs="*", type=int, default=[], help="only pools with these tails")
    parser.add_argument("--method", nargs="*", default=[], help="only these methods and peers; all by default")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    head = [
        f"Means over {args.seeds} seeds of pool and method, ± half the 90 % interval; all but random are differences "
        "to it (mean of three draws). The classifier is the engine's softmax layer on fixed embeddings.",
        "",
        "| pool | method | macro accuracy | rarest third | classes covered |",
        "|---|---|---|---|---|",
    ]
    for case in CASES:
        is_asked = (not args.corpus or case.corpus in args.corpus) and (not args.tail or case.tail in args.tail)
        if is_asked and (args.embedded / f"{case.corpus}.npz").exists():
            lines = [
                row for target in case.targets for row in lines_of(args.embedded, case, target, args.seeds, args.method)
            ]
            if args.write:
                tail = f", tail {case.tail}" if case.tail else ""
                append_results(f"What a subset teaches: {case.corpus}{tail}", "\n".join([*head, *lines]))
    print(environment())


if __name__ == "__main__":
    main()
