"""How many labels each query strategy saves against random picks, on labelled embeddings that you bring.

    python benchmarks/labeling.py --embedded FOLDER --corpus clinc150          # one corpus
    python benchmarks/labeling.py --embedded FOLDER --names --peers --write    # all, into RESULTS.md
    python benchmarks/labeling.py --rows 10000 1000000 --write                 # the time of choosing alone

Each corpus is FOLDER/<corpus>.npz, made with the engine's default encoder (`data_engine.embedding.load_encoder`): x
(n, dim) embeddings, y (n,) names of the labels, and xt, yt for a test set where the corpus has one; otherwise a quarter
is held out. FOLDER/<corpus>_names.npz holds x, the embeddings of the class names, and y, the names; x of
FOLDER/<corpus>_junk.npz are samples of no class. `--kept FILE` keeps every measured line there and measures none of
them again, so that `--minutes` can cut a long run into pieces. Consensus and wrong labels: `label_consensus.py`.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray
from results import Kept, append_results, environment
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
    least: int = 1
    """Samples that a class needs to take part."""
    junk: float = 0.0
    """Share of the pool that is of no class; whoever is asked about one answers nothing."""

    @property
    def kind(self) -> str:
        junk = f", {self.junk:.0%} junk" if self.junk else ""
        return (f"tail of {self.tail}" if self.tail else "as it is") + junk


CASES = (
    Case("clinc150", 0, 0, 75),
    Case("clinc150", 30, 100, 50),
    Case("agnews", 0, 0, 10),
    Case("clothing", 0, 0, 10),
    Case("licences", 0, 0, 75, least=20),
    Case("clinc150", 0, 0, 75, junk=0.11),
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
    is_junk: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    """Of each sample of the pool; their class numbers mean nothing."""
    accuracy: float = field(init=False)
    """Of a classifier trained on the whole pool."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "accuracy", self.accuracy_of(self.x[~self.is_junk], self.y[~self.is_junk])[0])

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
    found, sizes = np.unique(labels, return_counts=True)
    is_large = np.isin(labels, found[sizes >= case.least])
    x, labels = x[is_large], labels[is_large]
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
    x, y = x[rows], y[rows]
    n_junk = round(case.junk / (1 - case.junk) * len(x))
    if n_junk:
        with np.load(folder / f"{case.corpus}_junk.npz") as archive:
            junk = rng.permutation(archive["x"])[:n_junk]
        x, y = np.concatenate([x, junk]), np.concatenate([y, np.zeros(len(junk), dtype=np.int64)])
    is_junk = np.arange(len(x)) >= len(x) - n_junk
    names = _names(folder / f"{case.corpus}_names.npz", classes)
    return Problem(x, y, x_test, y_test, len(classes), names, is_junk)


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


def of_skactiveml(name: str) -> Choose:
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


def of_small_text(name: str) -> Choose:
    """A query strategy of the package small-text as a function, given our classifier; it starts at random."""
    import small_text

    def chosen(pool: Problem, labelled: NDArray, probabilities: NDArray | None, n: int, seed: int) -> NDArray[np.int64]:
        if probabilities is None:
            return own("random")(pool, labelled, None, n, seed)
        free = np.setdiff1d(np.arange(len(pool.x)), labelled)
        classifier = SimpleNamespace(
            predict_proba=lambda _: probabilities,
            embed=lambda _, return_proba=False, **__: (pool.x, probabilities) if return_proba else pool.x,
        )
        with warnings.catch_warnings(action="ignore"):
            query = getattr(small_text, name)()
        return np.asarray(query.query(classifier, pool.x, free, labelled, pool.y[labelled], n=n))

    return chosen


PEERS = {
    "TypiClust (scikit-activeml)": (of_skactiveml, "TypiClust"),
    "Badge (scikit-activeml)": (of_skactiveml, "Badge"),
    "DropQuery (scikit-activeml)": (of_skactiveml, "DropQuery"),
    "BreakingTies (small-text)": (of_small_text, "BreakingTies"),
    "GreedyCoreset (small-text)": (of_small_text, "GreedyCoreset"),
}


def taught(pool: Problem, chosen: Choose, step: int, seed: int, *, with_names: bool) -> list[tuple[int, float]]:
    """(labels asked for, accuracy on the test set) after each round, until 95 % of the whole pool's is reached.

    The first round asks for as many labels as there are classes.
    """
    labelled, probabilities = np.empty(0, dtype=np.int64), None
    extra_x, extra_y = pool.x[:0], pool.y[:0]
    curve = []
    if with_names:
        extra_x, extra_y = pool.names, np.arange(pool.n_classes)
        reached, probabilities = pool.accuracy_of(extra_x, extra_y)
        curve.append((0, reached))
    while len(labelled) < len(pool.x) and (not curve or curve[-1][1] < GOALS[-1] * pool.accuracy):
        n = min(step if len(labelled) else pool.n_classes, len(pool.x) - len(labelled))
        labelled = np.concatenate([labelled, chosen(pool, labelled, probabilities, n, seed * 1000 + len(labelled))])
        rows = labelled[~pool.is_junk[labelled]]
        x, y = np.concatenate([extra_x, pool.x[rows]]), np.concatenate([extra_y, pool.y[rows]])
        reached, probabilities = pool.accuracy_of(x, y)
        curve.append((len(labelled), reached))
    return curve


def labels_needed(curve: list[tuple[int, float]], accuracy: float, n_pool: int) -> float:
    """Labels until the accuracy was reached for the first time, interpolated between rounds; the pool where never."""
    before = (0, 0.0)
    for n, reached in curve:
        if reached >= accuracy:
            return n - (n - before[0]) * (reached - accuracy) / max(reached - before[1], 1e-9)
        before = (n, reached)
    return float(n_pool)


def accuracy_at(curve: list[tuple[int, float]], n: int) -> float:
    """Accuracy at n labels, interpolated between rounds."""
    counts, reached = zip(*curve, strict=True)
    return float(np.interp(n, counts, reached))


Ways = dict[str, tuple[Choose, bool]]


def measure(folder: Path, case: Case, ways: Ways, n_seeds: int, kept: Kept) -> None:
    """The curves of a case into `kept`, those of the first seed first; stops when the time is up."""
    for seed in range(n_seeds):
        pool = None
        for name, (chosen, with_names) in ways.items():
            key = [case.corpus, case.kind, case.step, seed, name]
            if key in kept or kept.is_time_up:
                continue
            pool = problem(folder, case, seed) if pool is None else pool
            if with_names and pool.names is None:
                continue
            curve = taught(pool, chosen, case.step, seed, with_names=with_names)
            kept.add(key, {"curve": curve, "accuracy": pool.accuracy, "n": len(pool.x), "classes": pool.n_classes})
            print(*key, [round(labels_needed(curve, goal * pool.accuracy, len(pool.x))) for goal in GOALS], flush=True)


def rows_of(case: Case, ways: Ways, n_seeds: int, kept: Kept) -> list[str]:
    """The lines of one case: labels needed, and how many times as many random picks need.

    A way is compared with random picks over the seeds that both are measured for. At one label per class: the labels
    that random picks need for what it has reached by then, divided by the number of classes.
    """
    found = {}
    for name in ways:
        each = [
            [kept.get([case.corpus, case.kind, case.step, seed, way]) for way in (name, "random")]
            for seed in range(n_seeds)
        ]
        found[name] = [pair for pair in each if None not in pair]
    lines, what = [], ""
    for name, pairs in found.items():
        if not pairs:
            continue
        if not lines:
            one = pairs[0][0]
            what = f"{case.corpus}, {case.kind}, {one['classes']} classes, {one['n']:,} samples"
        needed, by_chance = (np.array([_needed(pair[place]) for pair in pairs]) for place in (0, 1))
        means = " | ".join(f"{mean:,.0f}" for mean in needed.mean(axis=0))
        spread = " | ".join("1" if name == "random" else _spread(column) for column in (by_chance / needed).T)
        first = "1" if name == "random" else _spread(np.array([_at_one_label(*pair) for pair in pairs]))
        lines.append(f"| {what} | {name} | {len(pairs)} | {means} | {spread} | {first} |")
        what = ""
    return lines


def _needed(one: dict) -> list[float]:
    return [labels_needed(one["curve"], goal * one["accuracy"], one["n"]) for goal in GOALS]


def _at_one_label(one: dict, by_chance: dict) -> float:
    reached = accuracy_at(one["curve"], one["classes"])
    return labels_needed(by_chance["curve"], reached, by_chance["n"]) / one["classes"]


def _spread(values: NDArray[np.float64]) -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}"
    half = student.ppf(0.95, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.2f} ± {half:.2f}"


def seconds_to_choose(n_rows: int, strategies: list[str], n_classes: int = 100) -> dict[str, tuple[float, float]]:
    """Wall and processor seconds of choosing 100 of `n_rows` random rows of 384 by each strategy, 500 labelled."""
    rng = np.random.default_rng(0)
    centres, y = rng.normal(size=(n_classes, 384)), rng.integers(0, n_classes, n_rows)
    x = (centres[y] + 2 * rng.normal(size=(n_rows, 384))).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    known = {"embeddings": x, "labelled": np.arange(500), "labels": y[:500]}
    probabilities = fit_classifier(x[:500], y[:500], seed=0, n_classes=n_classes).predict_proba(x)
    choose("hybrid", batch_size=1, seed=0, **known, probabilities=probabilities)
    found = {}
    for name in strategies:
        started, processor = time.perf_counter(), time.process_time()
        choose(name, batch_size=100, seed=0, **known, probabilities=probabilities)
        found[name] = (time.perf_counter() - started, time.process_time() - processor)
        print(n_rows, name, found[name], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedded", type=Path, help="folder of the .npz files")
    parser.add_argument("--corpus", nargs="*", default=[], help="only these corpora")
    parser.add_argument("--strategy", nargs="*", default=list(STRATEGIES), help="only these strategies")
    parser.add_argument("--names", action="store_true", help="hybrid with the class names as first examples, too")
    parser.add_argument(
        "--peers",
        nargs="*",
        choices=[name for _, name in PEERS.values()],
        help="strategies of scikit-activeml and small-text, too; all of them, or those named",
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, nargs="*", default=[], help="time choosing 100 of so many")
    parser.add_argument("--kept", type=Path, help="file of what is measured; none of it is measured again")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start nothing after so many")
    parser.add_argument("--write", action="store_true", help="write the sections of RESULTS.md")
    args = parser.parse_args()
    kept, ways = Kept(args.kept, args.minutes), {"random": (own("random"), False)}
    ways |= {name: (own(name), False) for name in args.strategy}
    if args.names:
        ways["hybrid, class names as first examples"] = (own("hybrid"), True)
    if args.peers is not None:
        asked = args.peers or [name for _, name in PEERS.values()]
        ways |= {label: (of(name), False) for label, (of, name) in PEERS.items() if name in asked}
    lines = []
    with threadpool_limits(1, user_api="blas"):
        for case in CASES if args.embedded else ():
            is_asked = not args.corpus or case.corpus in args.corpus
            if is_asked and (args.embedded / f"{case.corpus}.npz").exists():
                measure(args.embedded, case, ways, args.seeds, kept)
                lines += rows_of(case, ways, args.seeds, kept)
    print("\n".join(lines))
    if lines and args.write:
        append_results("Labels that a strategy saves", "\n".join([*_head(args.seeds), *lines]))
    timed = {n_rows: seconds_to_choose(n_rows, args.strategy) for n_rows in args.rows}
    if timed and args.write:
        append_results("Time to choose whom to ask about", "\n".join(_times(timed)))
    print(environment())


def _head(n_seeds: int) -> list[str]:
    return [
        "Labels until the engine's softmax layer on fixed embeddings reaches 90 % and 95 % of its accuracy trained "
        f"on the whole pool, and how many times as many random picks need: means over {n_seeds} seeds of pool and "
        "picks at most, ± half the 90 % interval; of one seed there is none. A boost is that over random picks of the "
        "same seeds, which the column counts. Every way trains the same classifier and asks as much in each round. "
        "At one label per class: the labels that random picks need for the accuracy that the way has by then, over the "
        "number of classes. Goals: 2.5 on balanced classes, 3.5 with a long tail, 2.0 with few classes, 1.8 with "
        "junk (boost at 90 %), 4 at one label per class with class names.",
        "",
        "| pool | strategy | seeds | labels, 90 % | labels, 95 % | boost, 90 % | boost, 95 % | at one label a class |",
        "|---|---|---|---|---|---|---|---|",
    ]


def _times(timed: dict[int, dict[str, tuple[float, float]]]) -> list[str]:
    table = [
        "Seconds to choose 100 samples of 384 values, 500 labelled, 100 classes: by the clock, and of all threads. "
        "Goals: 1 s of 10,000, 60 s of a million.",
        "",
        "| strategy | " + " | ".join(f"{n:,} samples" for n in timed) + " |",
        "|---" * (1 + len(timed)) + "|",
    ]
    for name in next(iter(timed.values())):
        cells = " | ".join(f"{found[name][0]:.2f} ({found[name][1]:.2f})" for found in timed.values())
        table.append(f"| {name} | {cells} |")
    return table


if __name__ == "__main__":
    main()
