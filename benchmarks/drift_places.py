"""Whether batches that came later look newer: p-values of novelty by the place of a batch, where nothing drifts.

python benchmarks/drift_places.py --clinc FOLDER --kept FOLDER --write

Utterances of CLINC150 (Larson et al. 2019) come in eight batches in random order, in as many orders as there are
trials. An utterance that is as similar to a kept one as near duplicates are is dropped, as the first pass does, so
that early batches hold the copies that were kept. Then each batch is tested as the step `drift_report` tests it.
"""

import argparse
from pathlib import Path

import numpy as np
from drift import clinc, kept
from numpy.typing import NDArray
from results import append_results, environment

from data_engine.drift import known_samples, novelty_of_arrivals

N_BATCHES, N_ROWS, SIMILARITY, JUNK = 8, 1000, 0.85, 0.04
MOST_KNOWN = 0.83
"""Share of the kept samples that stand for all, as 10,000 do in the demo."""
CLEANED = 2

CASES = {
    "as the step does": {},
    "repeated by others and not counted": {"is_counted": False},
    "junk in all batches but the first two": {"junk": JUNK},
}


def twins_of(x: NDArray[np.float32]) -> NDArray[np.int64]:
    """(n,) the kept row that stands for each row: itself, or the most similar earlier one that was kept."""
    products, twins, is_kept = x @ x.T, np.arange(len(x)), np.zeros(len(x), bool)
    for row in range(len(x)):
        earlier = np.flatnonzero(is_kept[:row])
        best = earlier[products[row, earlier].argmax()] if len(earlier) else row
        if best != row and products[row, best] >= SIMILARITY:
            twins[row] = best
        else:
            is_kept[row] = True
    return twins


def p_values(data: dict[str, NDArray], seed: int, *, is_counted: bool = True, junk: float = 0.0) -> list[float]:
    """The p-value of novelty of each batch of one order.

    Args:
        data: of CLINC150.
        seed: of the order.
        is_counted: whether what other batches repeat of a batch counts among the others.
        junk: share of utterances out of scope, of which the first two batches were cleaned.
    """
    draw = np.random.default_rng(seed)
    clean, dirty = (np.flatnonzero(is_it) for is_it in (data["domain"] != "oos", data["domain"] == "oos"))
    rows = draw.choice(clean, N_BATCHES * N_ROWS, replace=False)
    for batch in range(CLEANED, N_BATCHES):
        n_junk = round(junk * N_ROWS)
        rows[batch * N_ROWS : batch * N_ROWS + n_junk] = draw.choice(dirty, n_junk, replace=False)
    x, batches = data["x"][rows], np.repeat(np.arange(N_BATCHES), N_ROWS)
    twins = twins_of(x)
    all_kept = np.flatnonzero(twins == np.arange(len(x)))
    some = np.sort(draw.choice(all_kept, round(MOST_KNOWN * len(all_kept)), replace=False))
    known, found = known_samples(x[some], batches[some]), []
    for batch in range(N_BATCHES):
        inside = batches == batch
        here, elsewhere = (np.bincount(twins[among], minlength=len(x)) for among in (inside, ~inside))
        own = all_kept[batches[all_kept] == batch]
        of_known = elsewhere[some] * (is_counted | (batches[some] != batch))
        novelty = novelty_of_arrivals(
            known, batch, x[own], known_elsewhere=of_known, window_inside=here[own], window_elsewhere=elsewhere[own],
            n_inside=N_ROWS, seed=seed,
        )  # fmt: skip
        found.append(novelty.p_value)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clinc", type=Path, required=True, help="folder of CLINC150")
    parser.add_argument("--kept", type=Path, required=True, help="folder where embeddings are kept")
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    data = kept(args.kept, "clinc", lambda: clinc(args.clinc))
    lines = [
        f"Mean p-value of novelty of {args.trials} random orders of CLINC150, by the place of the batch among "
        f"{N_BATCHES} of {N_ROWS:,} arrivals, and the share of all batches below .05. Nothing drifts in the first two "
        "rows: .50 and .05 are right. In the second, what other batches repeat of a batch's own samples is left out of "
        f"what it is compared with; in the third, {JUNK:.0%} of all batches but the first two are out of scope, as "
        "where only two batches were cleaned by hand.",
        "",
        f"| arrivals | {' | '.join(map(str, range(1, N_BATCHES + 1)))} | below .05 |",
        f"|---|{'---|' * N_BATCHES}---|",
    ]
    for name, how in CASES.items():
        found = np.array([p_values(data, seed, **how) for seed in range(args.trials)])
        means = " | ".join(f"{value:.2f}" for value in found.mean(axis=0))
        lines.append(f"| {name} | {means} | {(found < 0.05).mean():.2f} |")
        print(lines[-1], flush=True)
    if args.write:
        append_results("Drift: p-values by the place of a batch", "\n".join(lines))
    print(environment())


if __name__ == "__main__":
    main()
