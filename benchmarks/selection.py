"""How even the subset of every method is, on concepts of very unequal size and on a corpus with known labels.

python benchmarks/selection.py                                      # the mixture, 5 seeds
python benchmarks/selection.py --data data --corpus license_notices # and a corpus that has been embedded
python benchmarks/selection.py --write                              # and write the sections of RESULTS.md
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from results import append_results, environment

from data_engine.clustering import build_tree, suggest_levels
from data_engine.sampling import METHODS, Candidates, kl_to_uniform, select

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_engine_tests" / "support"))
from concept_mixture import concept_mixture

Labelled = tuple[np.ndarray, np.ndarray]
N_SAMPLES, N_CONCEPTS, N_CHOSEN = 10_000, 200, 1_000
LEVELS = (
    (200,),
    (600, 200),
    (400, 283, 200),
    (600, 346, 200),
    (1000, 447, 200),
    (2000, 600, 200),
    (2000, 1100, 600, 350, 200),
    (300, 173, 100),
    (150, 87, 50),
    (900, 520, 300),
    (1200, 693, 400),
)


def mixture(seed: int) -> Labelled:
    """Rows and concepts of the mixture."""
    return concept_mixture(seed, n_samples=N_SAMPLES, n_concepts=N_CONCEPTS)


def embedded(folder: Path, corpus: str, label_column: str) -> Labelled:
    """(n, dim) embeddings of a corpus, and the (n,) number of the known label of each; -1 without one."""
    import json

    from data_engine.storage import TableStore, float_rows

    store = TableStore(folder, corpus)
    table = store.read("embeddings", columns=["sample_id", "embedding"]).sort_by("sample_id")
    raw = store.read("raw_index", columns=["sample_id", "metadata"]).to_pydict()
    known = {
        sample_id: json.loads(text).get(label_column)
        for sample_id, text in zip(raw["sample_id"], raw["metadata"], strict=True)
    }
    labels = [known[sample_id] or "" for sample_id in table["sample_id"].to_pylist()]
    number = {name: i for i, name in enumerate(sorted({*labels} - {""}))}
    return float_rows(table["embedding"]), np.array([number.get(name, -1) for name in labels])


def figures(concept: np.ndarray, chosen: np.ndarray) -> tuple[float, float, int]:
    """KL to uniform in nats, largest share and concepts covered of the chosen rows."""
    known = concept[chosen]
    counts = np.bincount(known[known >= 0], minlength=concept.max() + 1)
    return kl_to_uniform(counts), counts.max() / counts.sum(), int((counts > 0).sum())


def methods(data: Callable[[int], Labelled], n_chosen: int, n_seeds: int, n_concepts: int | None) -> list[str]:
    """Lines of the table of methods."""
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in METHODS}
    building = []
    for seed in range(n_seeds):
        x, concept = data(seed)
        levels = suggest_levels(len(x), n_concepts=n_concepts, target_size=n_chosen).n_clusters
        start = time.perf_counter()
        pool = Candidates(build_tree(x, levels, seed=seed), x)
        building.append(time.perf_counter() - start)
        for name, rows in found.items():
            start = time.perf_counter()
            chosen = select(name, pool, n_chosen, seed=seed)
            rows.append((*figures(concept, chosen), time.perf_counter() - start))
    lines = [
        f"Tree: {' -> '.join(map(str, levels))}, built in {np.mean(building):.1f} s; the hierarchical method needs it.",
        "",
        "| method | KL to uniform, mean +- sd | concepts covered | largest share | seconds |",
        "|---|---|---|---|---|",
    ]
    for name, rows in sorted(found.items(), key=lambda item: -np.mean([row[0] for row in item[1]])):
        kl, share, covered, seconds = np.mean(rows, axis=0)
        spread = np.std([row[0] for row in rows])
        lines.append(f"| {name} | {kl:.3f} +- {spread:.3f} | {covered:.0f} | {share:.1%} | {seconds:.2f} |")
    return lines


def levels_table(n_seeds: int) -> list[str]:
    """Lines of the table of levels, on the mixture."""
    lines = ["| clusters per level | KL to uniform, mean +- sd | concepts covered |", "|---|---|---|"]
    for levels in LEVELS:
        rows = []
        for seed in range(n_seeds):
            x, concept = mixture(seed)
            rows.append(
                figures(
                    concept, select("hierarchical", Candidates(build_tree(x, levels, seed=seed)), N_CHOSEN, seed=seed)
                )
            )
        kl = [row[0] for row in rows]
        name = " -> ".join(map(str, levels))
        lines.append(f"| {name} | {np.mean(kl):.3f} +- {np.std(kl):.3f} | {np.mean([row[2] for row in rows]):.0f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", type=Path, help="data folder of a corpus that has been embedded")
    parser.add_argument("--corpus", default="license_notices")
    parser.add_argument("--label-column", default="license_expression")
    parser.add_argument("--chosen", type=int, default=4_000, help="samples to choose from that corpus")
    parser.add_argument("--write", action="store_true", help="write the sections of RESULTS.md")
    args = parser.parse_args()
    what = f"{N_SAMPLES:,} samples of {N_CONCEPTS} concepts with sizes that fall like 1 / rank, {N_CHOSEN:,} chosen, "
    what += f"{args.seeds} seeds."
    sections = {
        "Ways to choose a subset: the mixture": [what, *methods(mixture, N_CHOSEN, args.seeds, N_CONCEPTS)],
        "Levels of a tree: the mixture": [what, "", *levels_table(args.seeds)],
    }
    if args.data:
        x, concept = embedded(args.data, args.corpus, args.label_column)
        what = f"{len(x):,} samples of {args.corpus} with {concept.max() + 1:,} known labels, {args.chosen:,} chosen, "
        what += f"{args.seeds} seeds of k-means and of the draws."
        lines = methods(lambda _: (x, concept), args.chosen, args.seeds, None)
        sections[f"Ways to choose a subset: {args.corpus}"] = [what, *lines]
    for title, lines in sections.items():
        print(f"## {title}", *lines, "", sep="\n")
        if args.write:
            append_results(title, "\n".join(lines))
    print(environment())


if __name__ == "__main__":
    main()
