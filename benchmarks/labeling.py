"""How many labels each query strategy saves against random picks, on labelled embeddings that you bring.

    python benchmarks/labeling.py --embedded FOLDER --corpus clinc150          # one corpus
    python benchmarks/labeling.py --embedded FOLDER --names --peers --write    # all, into RESULTS.md

Each corpus is FOLDER/<corpus>.npz, made with the engine's default encoder (`data_engine.embedding.load_encoder`): x
(n, dim) embeddings, y (n,) names of the labels, and xt, yt for a test set where the corpus has one; otherwise a quarter
is held out. FOLDER/<corpus>_names.npz holds x, the embeddings of the class names, and y, the names.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from results import append_results, environment
from scipy.stats import t as student
from threadpoolctl import threadpool_limits

from data_engine.labeling import STRATEGIES, choose, fit_classifier

GOALS = (0.9, 0.95)
Choose = Callable[..., NDArray[np.int64]]


@dataclass(frozen=True)
class Case:
    """A pool made of a corpus: all of it, or classes that fall geometrically from `largest` to `largest / tail`."""

    corpus: str
    tail: int
    largest: int
    step: int
    """Labels per round."""


CASES = (
    Case("clinc150", 0, 0, 50),
    Case("clinc150", 30, 100, 50),
    Case("agnews", 0, 0, 10),
    Case("clothing", 0, 0, 10),
)
MAX_POOL = 5000


@dataclass(frozen=True, eq=False)
class Problem:
    """A pool and a test set with their class numbers, and the embeddings of the class names where there are any."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    n_classes: int
    names: NDArray[np.float32] | None = None
    accuracy: float = field(init=False)
    """Of a classifier trained on the whole pool."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "accuracy", self.accuracy_of(self.x, self.y)[0])

    def accuracy_of(self, x: NDArray[np.float32], y: NDArray[np.int64]) -> tuple[float, NDArray[np.float32]]:
        """Accuracy on the test set of a classifier trained on these, and its probabilities for the pool."""
        trained = fit_classifier(x, y, seed=0, n_classes=self.n_classes)
        right = trained.predict_proba(self.x_test).argmax(axis=1) == self.y_test
        return float(right.mean()), trained.predict_proba(self.x)


def problem(folder: Path, case: Case, seed: int) -> Problem:
    """The pool and the test set of a seed; a test set has the tail of its pool."""
    rng = np.random.default_rng(100 + seed)
    with np.load(folder / f"{case.corpus}.npz") as archive:
        data = {name: archive[name] for name in archive.files}
    x, labels = data["x"], data["y"]
    if "xt" in data:
        x_test, test_labels = data["xt"], data["yt"]
    else:
        order = rng.permutation(len(x))
        out, order = order[: len(x) // 4], order[len(x) // 4 :]
        x_test, test_labels, x, labels = x[out], labels[out], x[order], labels[order]
    classes = np.unique(labels)
    y, y_test = np.searchsorted(classes, labels), np.searchsorted(classes, test_labels)
    if case.tail:
        place = rng.permutation(len(classes))
        share = float(case.tail) ** (-place / (len(classes) - 1))
        sizes = np.maximum(np.round(case.largest * share), 1).astype(int)
        kept = [rng.permutation(np.flatnonzero(y == c))[: sizes[c]] for c in range(len(classes))]
        x, y = x[np.concatenate(kept)], y[np.concatenate(kept)]
        is_tested = rng.random(len(y_test)) < share[y_test]
        x_test, y_test = x_test[is_tested], y_test[is_tested]
    rows = rng.permutation(len(x))[:MAX_POOL]
    return Problem(x[rows], y[rows], x_test, y_test, len(classes), _names(folder / f"{case.corpus}_names.npz", classes))


def _names(path: Path, classes: NDArray) -> NDArray[np.float32] | None:
    if not path.exists():
        return None
    with np.load(path) as archive:
        row_of = {name: row for row, name in enumerate(archive["y"].tolist())}
        return archive["x"][[row_of[name] for name in classes.tolist()]]


def own(strategy: str) -> Choose:
    """A strategy of the engine as a function."""

    def chosen(pool: Problem, labelled: NDArray, probabilities: NDArray | None, n: int, seed: int) -> NDArray[np.int64]:
        return choose(
            strategy,
            batch_size=n,
            seed=seed,
            embeddings=pool.x,
            labelled=labelled,
            labels=pool.y[labelled],
            probabilities=probabilities,
            class_names=[str(number) for number in range(pool.n_classes)],
        )

    return chosen


def peer(name: str) -> Choose:
    """A query strategy of the package scikit-activeml as a function; it starts at random."""
    import skactiveml.pool
    from skactiveml.classifier import SklearnClassifier
    from sklearn.linear_model import LogisticRegression

    def chosen(pool: Problem, labelled: NDArray, probabilities: NDArray | None, n: int, seed: int) -> NDArray[np.int64]:
        if probabilities is None:
            return own("random")(pool, labelled, None, n, seed)
        y = np.full(len(pool.y), np.nan)
        y[labelled] = pool.y[labelled]
        settings = {"random_state": seed, "missing_label": np.nan}
        query = getattr(skactiveml.pool, name)(**settings)
        classifier = SklearnClassifier(LogisticRegression(max_iter=200), classes=np.arange(pool.n_classes), **settings)
        given = {"clf": classifier} if name in ("Badge", "DropQuery") else {}
        return np.asarray(query.query(pool.x.astype(np.float64), y, batch_size=n, **given))

    return chosen


PEERS = ("TypiClust", "Badge", "DropQuery")


def labels_needed(pool: Problem, chosen: Choose, step: int, seed: int, *, with_names: bool) -> NDArray[np.float64]:
    """Labels until each of `GOALS` of the whole pool's accuracy is reached, interpolated between rounds."""
    labelled, probabilities, before = np.empty(0, dtype=np.int64), None, 0.0
    extra_x, extra_y = pool.x[:0], pool.y[:0]
    if with_names:
        extra_x, extra_y = pool.names, np.arange(pool.n_classes)
        before, probabilities = pool.accuracy_of(extra_x, extra_y)
    needed = np.full(len(GOALS), np.nan)
    while len(labelled) < len(pool.x) and np.isnan(needed).any():
        n = min(step, len(pool.x) - len(labelled))
        rows = chosen(pool, labelled, probabilities, n, seed * 1000 + len(labelled))
        labelled = np.concatenate([labelled, rows])
        x, y = np.concatenate([extra_x, pool.x[labelled]]), np.concatenate([extra_y, pool.y[labelled]])
        reached, probabilities = pool.accuracy_of(x, y)
        for place, goal in enumerate(np.array(GOALS) * pool.accuracy):
            if np.isnan(needed[place]) and reached >= goal:
                needed[place] = len(labelled) - n * (reached - goal) / max(reached - before, 1e-9)
        before = reached
    return np.where(np.isnan(needed), len(pool.x), needed)


def rows_of(folder: Path, case: Case, ways: dict[str, tuple[Choose, bool]], n_seeds: int) -> list[str]:
    """The lines of one case: labels needed, and how many times as many random picks need."""
    needed: dict[str, list[NDArray]] = {name: [] for name in ways}
    for seed in range(n_seeds):
        pool = problem(folder, case, seed)
        for name, (chosen, with_names) in ways.items():
            if not with_names or pool.names is not None:
                needed[name].append(labels_needed(pool, chosen, case.step, seed, with_names=with_names))
        print(
            case.corpus,
            case.tail,
            seed,
            {name: found[-1].round() for name, found in needed.items() if found},
            flush=True,
        )
    kind = f"tail of {case.tail}" if case.tail else "as it is"
    what = f"{case.corpus}, {kind}, {pool.n_classes} classes, {len(pool.x):,} samples"
    lines = []
    for name, found in needed.items():
        if not found:
            continue
        boosts = [np.array(needed["random"])[:, k] / np.array(found)[:, k] for k in range(len(GOALS))]
        means = " | ".join(f"{np.mean([each[k] for each in found]):,.0f}" for k in range(len(GOALS)))
        spread = " | ".join("1" if name == "random" else _spread(boost) for boost in boosts)
        lines.append(f"| {what} | {name} | {means} | {spread} |")
        what = ""
    return lines


def _spread(values: NDArray[np.float64]) -> str:
    half = student.ppf(0.95, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{values.mean():.2f} ± {half:.2f}"


def seconds_to_choose(n_rows: int, n_classes: int = 100) -> dict[str, tuple[float, float]]:
    """Wall and processor seconds of choosing 100 of `n_rows` random rows of 384 by each strategy, 500 labelled."""
    rng = np.random.default_rng(0)
    centres, y = rng.normal(size=(n_classes, 384)), rng.integers(0, n_classes, n_rows)
    x = (centres[y] + 2 * rng.normal(size=(n_rows, 384))).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    known = {"embeddings": x, "labelled": np.arange(500), "labels": y[:500]}
    probabilities = fit_classifier(x[:500], y[:500], seed=0, n_classes=n_classes).predict_proba(x)
    choose("hybrid", batch_size=1, seed=0, **known, probabilities=probabilities)
    found = {}
    for name in STRATEGIES:
        started, processor = time.perf_counter(), time.process_time()
        choose(name, batch_size=100, seed=0, **known, probabilities=probabilities)
        found[name] = (time.perf_counter() - started, time.process_time() - processor)
        print(n_rows, name, found[name], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedded", type=Path, required=True, help="folder of the .npz files")
    parser.add_argument("--corpus", nargs="*", default=[], help="only these corpora")
    parser.add_argument("--strategy", nargs="*", default=list(STRATEGIES), help="only these strategies")
    parser.add_argument("--names", action="store_true", help="hybrid with the class names as first examples, too")
    parser.add_argument("--peers", action="store_true", help="strategies of scikit-activeml, too")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, nargs="*", default=[], help="time choosing 100 of so many")
    parser.add_argument("--write", action="store_true", help="write the sections of RESULTS.md")
    args = parser.parse_args()
    ways = {name: (own(name), False) for name in ("random", *(each for each in args.strategy if each != "random"))}
    if args.names:
        ways["hybrid, class names as first examples"] = (own("hybrid"), True)
    if args.peers:
        ways |= {f"{name} (scikit-activeml)": (peer(name), False) for name in PEERS}
    lines = []
    with threadpool_limits(1, user_api="blas"):
        for case in CASES:
            is_asked = not args.corpus or case.corpus in args.corpus
            if is_asked and (args.embedded / f"{case.corpus}.npz").exists():
                lines += rows_of(args.embedded, case, ways, args.seeds)
    head = [
        "Labels until the engine's softmax layer on fixed embeddings reaches 90 % and 95 % of its accuracy trained "
        f"on the whole pool, and how many times as many random picks need: means of {args.seeds} seeds of pool and "
        "picks, "
        "± half the 90 % interval. Every way trains the same classifier.",
        "",
        "| pool | strategy | labels, 90 % | labels, 95 % | boost, 90 % | boost, 95 % |",
        "|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    if lines and args.write:
        append_results("Labels that a strategy saves", "\n".join([*head, *lines]))
    timed = {n_rows: seconds_to_choose(n_rows) for n_rows in args.rows}
    if timed and args.write:
        table = [
            "Seconds to choose 100 samples of 384 values, 500 labelled, 100 classes: by the clock, and of all threads.",
            "",
            "| strategy | " + " | ".join(f"{n:,} samples" for n in timed) + " |",
            "|---" * (1 + len(timed)) + "|",
        ]
        for name in STRATEGIES:
            cells = " | ".join(f"{found[name][0]:.2f} ({found[name][1]:.2f})" for found in timed.values())
            table.append(f"| {name} | {cells} |")
        append_results("Time to choose whom to ask about", "\n".join(table))
    print(environment())


if __name__ == "__main__":
    main()
