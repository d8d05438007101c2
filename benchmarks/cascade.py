"""What an accepted label costs by the cascade, against people alone and against a foundation model with people.

    python benchmarks/cascade.py --embedded FOLDER            # prints
    python benchmarks/cascade.py --embedded FOLDER --write    # into RESULTS.md

Each corpus is FOLDER/<corpus>.npz with x (n, dim) unit embeddings and y (n,) names of the labels. The foundation model
is a simulated one: no server is asked. It errs at about the set rate, more often where the neighbours of a sample are
of other classes, and its confidence is drawn: of right answers from Beta(9, 1), of wrong ones from Beta(4, 2).
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from results import append_results, environment

from data_engine.labeling import Gate, fit_classifier
from data_engine.labeling.deciders.cascade import Opinion, route
from data_engine.labeling.gate import certify_scores

CORPORA = {"agnews": 400, "clinc150": 1500}
"""Labels that the classifier learns from."""
ERROR_RATES = (0.02, 0.05, 0.1, 0.2)
HOLD_OUT, TARGET, CONFIDENCE = 300, 0.95, 0.9
PRICE_OF_A_CALL, PRICE_OF_AN_ANSWER = 0.01, 1.0
N_NEIGHBOURS = 10


@dataclass(frozen=True, eq=False)
class Pool:
    """Samples with their class numbers and the share of their neighbours of other classes; and row numbers: of the
    hold-out, of the training, and of those that are left to label."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    difficulty: NDArray[np.float64]
    hold_out: NDArray[np.int64]
    training: NDArray[np.int64]
    rest: NDArray[np.int64]


@dataclass(frozen=True)
class Outcome:
    """What a way of labelling all samples cost per label, and what machines decided of them."""

    cost: float
    """Per label, hold-out and training paid."""
    next_cost: float
    """Per label of those that are left: what one more sample of the kind costs."""
    share: float
    """Of the samples that are left after hold-out and training."""
    precision: float | None


def pool_of(path: Path, size: int, n_training: int, seed: int) -> Pool:
    """A random part of a corpus, split at random."""
    loaded = np.load(path)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(loaded["x"]))[:size]
    _, y = np.unique(loaded["y"], return_inverse=True)
    order = rng.permutation(len(rows))
    parts = np.split(order, [HOLD_OUT, HOLD_OUT + n_training])
    x, y = loaded["x"][rows], y[rows].astype(np.int64)
    near = np.argpartition(-(x @ x.T), N_NEIGHBOURS, axis=1)[:, : N_NEIGHBOURS + 1]
    difficulty = (y[near] != y[:, None]).sum(axis=1) / N_NEIGHBOURS
    return Pool(x, y, difficulty, *parts)


def simulated_model(pool: Pool, error_rate: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(n,) answers and (n,) confidences of a simulated foundation model."""
    rng = np.random.default_rng(seed)
    chance = np.clip(error_rate * (0.5 + 0.5 * pool.difficulty / max(pool.difficulty.mean(), 1e-9)), 0, 0.9)
    is_wrong = rng.random(len(pool.y)) < chance
    n_classes = int(pool.y.max()) + 1
    others = (pool.y + rng.integers(1, n_classes, len(pool.y))) % n_classes
    confidence = np.where(is_wrong, rng.beta(4, 2, len(pool.y)), rng.beta(9, 1, len(pool.y)))
    return np.where(is_wrong, others, pool.y), confidence


def opinion(name: str, answers: NDArray[np.int64], scores: NDArray[np.float64], pool: Pool, held: NDArray) -> Opinion:
    """What a decider says of the samples that are left, with the gate that these samples of the hold-out give it."""
    right = answers[held] == pool.y[held]
    gate: Gate = certify_scores(scores[held], right, target_precision=TARGET, confidence=CONFIDENCE)
    said = tuple(str(number) for number in answers[pool.rest].tolist())
    return Opinion(name, gate, said, scores[pool.rest])


def labelled(pool: Pool, opinions: list[Opinion], calls: tuple[int, int], *, has_training: bool) -> Outcome:
    """Label everything: by the first decider that is sure, else by a person; calls are of hold-out and of the rest."""
    order = [each.decider for each in opinions]
    routes = route([*order, "person"], {each.decider: each for each in opinions}, len(pool.rest))
    by_machine = np.array([name != "person" for name in routes.deciders])
    said = np.array([-1 if answer is None else int(answer) for answer in routes.answers])
    right = said[by_machine] == pool.y[pool.rest][by_machine]
    n_before = (HOLD_OUT if opinions else 0) + (len(pool.training) if has_training else 0)
    before = n_before * PRICE_OF_AN_ANSWER + calls[0] * PRICE_OF_A_CALL
    after = int((~by_machine).sum()) * PRICE_OF_AN_ANSWER + calls[1] * PRICE_OF_A_CALL
    return Outcome(
        (before + after) / (n_before + len(pool.rest)),
        after / len(pool.rest),
        float(by_machine.mean()),
        float(right.mean()) if len(right) else None,
    )


def outcomes(pool: Pool, error_rate: float, seed: int) -> dict[str, Outcome]:
    """Every way of labelling one pool."""
    answers, confidence = simulated_model(pool, error_rate, seed)
    alone = opinion("foundation_model", answers, confidence, pool, pool.hold_out)
    trained = fit_classifier(pool.x[pool.training], pool.y[pool.training], seed=seed, n_classes=int(pool.y.max()) + 1)
    probabilities = trained.predict_proba(pool.x)
    scores = probabilities.max(axis=1).astype(np.float64)
    small = opinion("classifier", probabilities.argmax(axis=1), scores, pool, pool.hold_out)
    hard_held = pool.hold_out[~small.gate.accepts_scores(scores[pool.hold_out])]
    model = opinion("foundation_model", answers, confidence, pool, hard_held)
    n_hard = int((~small.is_sure).sum()) if model.gate.threshold is not None else 0
    n_alone = len(pool.rest) if alone.gate.threshold is not None else 0
    return {
        "people alone": labelled(pool, [], (0, 0), has_training=False),
        "foundation model, people": labelled(pool, [alone], (HOLD_OUT, n_alone), has_training=False),
        "classifier, people": labelled(pool, [small], (0, 0), has_training=True),
        "classifier, foundation model, people": labelled(
            pool, [small, model], (len(hard_held), n_hard), has_training=True
        ),
    }


def table(folder: Path, size: int, n_seeds: int, training: int | None) -> str:
    """All corpora and error rates: means over the seeds."""
    lines = [
        "| corpus | error rate of the model | deciders | cost per label | cost of a further one | "
        "decided by machines | their precision |",
        "|---|---|---|---|---|---|---|",
    ]
    for corpus, n_training in CORPORA.items():
        pools = [pool_of(folder / f"{corpus}.npz", size, training or n_training, seed) for seed in range(n_seeds)]
        for error_rate in ERROR_RATES:
            runs = [outcomes(pool, error_rate, seed) for seed, pool in enumerate(pools)]
            for name in runs[0]:
                found = [run[name] for run in runs]
                reached = [each.precision for each in found if each.precision is not None]
                precision = f"{np.mean(reached):.3f} (least {min(reached):.3f})" if reached else "-"
                cost, further, share = np.mean([(each.cost, each.next_cost, each.share) for each in found], axis=0)
                lines.append(
                    f"| {corpus} | {error_rate:g} | {name} | {cost:.3f} | {further:.3f} | {share:.1%} | {precision} |"
                )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedded", type=Path, required=True, help="folder of the embedded corpora")
    parser.add_argument("--size", type=int, default=4000, help="samples of each corpus")
    parser.add_argument("--seeds", type=int, default=5, help="random pools")
    parser.add_argument("--training", type=int, help="labels that the classifier learns from; by default by corpus")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    given = parser.parse_args()
    body = (
        f"Every sample of a pool of {given.size} gets a label: by a machine where its gate certifies {TARGET:g} at "
        f"{CONFIDENCE:.0%} confidence on a hold-out of {HOLD_OUT}, else by a person. An answer of a person costs "
        f"{PRICE_OF_AN_ANSWER:g}, a call {PRICE_OF_A_CALL:g}. The cost per label pays for hold-out and training too. "
        f"The foundation model is simulated, with the error rate in the table; means of {given.seeds} random pools.\n\n"
        + table(given.embedded, given.size, given.seeds, given.training)
    )
    print(body)
    print(environment())
    if given.write:
        append_results("What a label costs by the cascade", body)


if __name__ == "__main__":
    main()
