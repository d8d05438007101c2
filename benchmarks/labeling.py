"""How many labels each query strategy saves against random picks, on labelled data that you bring.

    python benchmarks/labeling.py DATA.jsonl --text-column text --label-column label

DATA is a JSON Lines or CSV file, or an .npz archive with `x` (n, dim) unit rows and `y` (n,) class numbers, which saves
the time to embed. A quarter of the samples is held out for measuring; the rest is the pool. Boost = labels that random
needs / labels that the strategy needs for 90 % of the accuracy of a classifier trained on the whole pool, the control:
above 1 saves labels. Mean and standard deviation over seeds, because single runs differ by 5-30 %.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from data_engine.errors import InvalidInput
from data_engine.labeling import STRATEGIES, choose, fit_classifier, utility
from data_engine.labeling.strategies.registry import find_strategy


def read_data(path: Path, text_column: str, label_column: str) -> tuple[np.ndarray, np.ndarray]:
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as archive:
            return archive["x"], archive["y"]
    import pandas as pd

    from data_engine.embedding import load_encoder

    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_json(path, lines=True)
    missing = sorted({text_column, label_column} - set(frame.columns))
    if missing:
        raise InvalidInput(f"{path.name} has the columns {list(frame.columns)} and not {missing}; name them with --text-column and --label-column")  # noqa: E501  # fmt: skip
    _, classes = np.unique(frame[label_column].astype(str), return_inverse=True)
    return load_encoder("all-MiniLM-L6-v2").encode(frame[text_column].astype(str).tolist()), classes


def accuracy(classifier, x: np.ndarray, y: np.ndarray) -> float:
    return float((classifier.predict_proba(x).argmax(axis=1) == y).mean())


def labels_needed(
    strategy: str,
    x: np.ndarray,
    y: np.ndarray,
    x_test: np.ndarray,
    y_test: np.ndarray,
    goal: float,
    step: int,
    seed: int,
) -> float:
    """Labels until the goal is reached, interpolated; strategies that need probabilities start at random."""
    n_classes = int(max(y.max(), y_test.max())) + 1
    labelled = np.empty(0, dtype=np.int64)
    probabilities, before = None, 0.0
    while len(labelled) < len(x):
        name = strategy if probabilities is not None or not find_strategy(strategy).needs_probabilities else "random"
        rows = choose(
            name,
            batch_size=min(step, len(x) - len(labelled)),
            seed=seed * 1000 + len(labelled),
            embeddings=x,
            labelled=labelled,
            labels=y[labelled],
            probabilities=probabilities,
            class_names=[str(number) for number in range(n_classes)],
        )
        labelled = np.concatenate([labelled, rows])
        classifier = fit_classifier(x[labelled], y[labelled], seed=seed, n_classes=n_classes)
        reached = accuracy(classifier, x_test, y_test)
        if reached >= goal:
            return len(labelled) - len(rows) * (reached - goal) / max(reached - before, 1e-9)
        before, probabilities = reached, classifier.predict_proba(x)
    return float(len(x))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--strategies", nargs="+", default=[name for name in STRATEGIES if name != "random"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--step", type=int, default=50, help="labels per round")
    parser.add_argument("--max-pool", type=int, default=5000, help="samples of the pool, drawn at random per seed")
    options = parser.parse_args()
    x, y = read_data(options.data, options.text_column, options.label_column)
    needed: dict[str, list[float]] = {name: [] for name in ("random", *options.strategies)}
    for seed in range(options.seeds):
        order = np.random.default_rng(seed).permutation(len(x))
        test, pool = order[: len(x) // 4], order[len(x) // 4 :][: options.max_pool]
        full = fit_classifier(x[pool], y[pool], seed=seed, n_classes=int(y.max()) + 1)
        goal = 0.9 * accuracy(full, x[test], y[test])
        for name in needed:
            needed[name].append(labels_needed(name, x[pool], y[pool], x[test], y[test], goal, options.step, seed))
    print(f"{len(x)} samples, {len(np.unique(y))} classes, {options.seeds} seeds, {options.step} labels per round")
    print(f"{'strategy':18} {'labels needed':>22} {'boost over random':>22}")
    for name, counts in needed.items():
        boosts = np.array(needed["random"]) / np.array(counts)
        print(
            f"{name:18} {np.mean(counts):12.0f} +- {np.std(counts):6.0f} {boosts.mean():12.2f} +- {boosts.std():6.2f}"
        )
    print(f"choosing 100 of {len(pool)} by hybrid takes {seconds_to_choose(x[pool], y[pool]):.2f} s")


def seconds_to_choose(x: np.ndarray, y: np.ndarray) -> float:
    n_labelled = min(len(x) - 100, 3 * (int(y.max()) + 1))
    classifier = fit_classifier(x[:n_labelled], y[:n_labelled], seed=0, n_classes=int(y.max()) + 1)
    probabilities = classifier.predict_proba(x)
    utility("hybrid", probabilities)
    started = time.perf_counter()
    choose("hybrid", batch_size=100, seed=0, embeddings=x, labelled=np.arange(n_labelled), labels=y[:n_labelled], probabilities=probabilities)  # noqa: E501  # fmt: skip
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
