"""The first pass on real texts: speed, near-duplicates against comparing all pairs, and junk found.

    python benchmarks/first_pass.py [--write] [--pairs-from 8000] [--junk-runs 4]

The texts are the licence mentions of the package licensedcode-data: 16,551 short texts, many of them near-copies, and
1,228 of them marked by their curators as false positives, which are the junk. Junk is learnt from one of eight hash
batches and measured on the other seven, whose marks are the truth; keeping the clean share is part of the task.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from data_engine.corpus import FirstPass
from data_engine.duplicates.texts.bands import bands_and_rows
from data_engine.duplicates.texts.minhash import Sketches
from data_engine.duplicates.texts.search import find_twins
from data_engine.duplicates.texts.shingles import Shingles, similarity
from data_engine.filtering import LearnedFilters, first_pass, fit_junk_classifier, limits_of
from data_engine.filtering.rules.document import Document
from data_engine.filtering.rules.measuring import measure
from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.source import Batches, Source

MENTIONS = ("is_license_reference", "is_license_tag", "is_license_intro", "is_license_clue", "is_false_positive")
SOURCE = Source(
    kind="front_matter", path="data/rules", package="licensedcode", pattern="*.RULE", keep_where_any=MENTIONS
)
LEAST_SIMILARITY = 0.5
THRESHOLDS = (0.7, 0.8, 0.9)
GOAL_RECALL = 0.99
Lines = Iterator[str]


def table(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> Lines:
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    yield from ("| " + " | ".join(map(str, row)) + " |" for row in rows)
    yield ""


def timed(call: Callable[[], object], runs: int = 3) -> float:
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def whole_pass(raw: pa.Table, learned: LearnedFilters) -> pa.Table:
    nothing = pa.table({"sample_id": pa.array([], pa.string()), "minhash": pa.array([], pa.binary())})
    return first_pass(
        raw,
        limits_of("text"),
        batch="b",
        accepted=nothing,
        text_of=lambda _: [],
        near_duplicate_similarity=FirstPass().similarity_of("text"),
        learned=learned,
    )


def speed(raw: list[pa.Table], texts: list[str]) -> Lines:
    """Texts per second, as a ratio to cutting the same texts into sets of shingles in plain Python."""
    bare = timed(lambda: [Shingles.of(text) for text in texts])
    whole = pa.concat_tables(raw)
    junk = fit_junk_classifier(*examples(raw[0]), seed=0, keep_clean_share=0.995)
    sketches = Sketches.of(texts)
    none = Sketches.of([])
    steps: list[tuple[str, Callable[[], object]]] = [
        ("shingles as Python sets (1.0)", lambda: [Shingles.of(text) for text in texts]),
        ("all cheap rules", lambda: measure(map(Document, texts), "text", limits_of("text"))),
        ("sketches", lambda: Sketches.of(texts)),
        (
            "near-duplicates, from sketches",
            lambda: find_twins(texts, sketches, threshold=0.8, accepted=none, accepted_texts=lambda _: []),
        ),
        ("junk scores", lambda: junk.score(texts)),
        ("whole first pass, no junk rule", lambda: whole_pass(whole, LearnedFilters())),
        ("whole first pass", lambda: whole_pass(whole, LearnedFilters(junk=junk))),
    ]
    rows: list[tuple[object, ...]] = []
    yield "Texts are in memory; each stage by itself on all of them, and the whole with its table.\n"
    for name, call in steps:
        seconds = timed(call)
        rows.append((name, f"{len(texts) / seconds:,.0f}", f"{bare / seconds:.2f}"))
    yield from table(("step", "texts/s", "speed ratio"), rows)


def similar_pairs(shingles: list[Shingles]) -> list[tuple[int, int, float]]:
    """All pairs (earlier, later, similarity) at or above the least similarity, by comparing everything."""
    sizes = np.array([len(entry.characters) for entry in shingles])
    pairs = []
    for later, entry in enumerate(shingles):
        is_near = (sizes[:later] >= LEAST_SIMILARITY * sizes[later]) & (
            LEAST_SIMILARITY * sizes[:later] <= sizes[later]
        )
        for earlier in np.flatnonzero(is_near).tolist():
            measured = similarity(entry, shingles[earlier])
            if measured >= LEAST_SIMILARITY:
                pairs.append((earlier, later, measured))
    return pairs


def near_duplicates(texts: list[str]) -> Lines:
    """Texts rejected, against the greedy rule applied to all pairs."""
    shingles = [Shingles.of(text) for text in texts]
    start = time.perf_counter()
    pairs = similar_pairs(shingles)
    all_pairs_s, worst = time.perf_counter() - start, 1.0
    rows: list[tuple[object, ...]] = []
    for threshold in THRESHOLDS:
        expected: set[int] = set()
        for earlier, later, measured in pairs:
            if measured >= threshold and earlier not in expected:
                expected.add(later)
        start = time.perf_counter()
        sketches, none = Sketches.of(texts), Sketches.of([])
        twins = find_twins(texts, sketches, threshold=threshold, accepted=none, accepted_texts=lambda _: [])
        seconds = time.perf_counter() - start
        found = {row for row, twin in enumerate(twins) if twin is not None}
        n_bands, n_rows = bands_and_rows(threshold)
        recall, precision = len(found & expected) / len(expected), len(found & expected) / len(found)
        shares = (f"{recall:.4f}", f"{precision:.4f}", f"{all_pairs_s / seconds:.0f}x")
        rows.append((threshold, f"{n_bands} x {n_rows}", len(expected), *shares))
        worst = min(worst, recall)
    yield f"{len(texts):,} different texts; brute force took {all_pairs_s:.1f} s. The goal of a recall of {GOAL_RECALL}"
    yield f"at every threshold is {'held' if worst >= GOAL_RECALL else 'missed'}: {worst:.4f} at least.\n"
    header = ("threshold", "bands x rows", "rejected by brute force", "recall", "precision", "faster by")
    yield from table(header, rows)


def examples(raw: pa.Table) -> tuple[list[str], np.ndarray]:
    marks = [bool(json.loads(metadata).get("is_false_positive")) for metadata in raw["metadata"].to_pylist()]
    return raw["text"].to_pylist(), np.array(marks)


def junk_found(raw: list[pa.Table], n_runs: int) -> Lines:
    """Learnt from one eighth, measured on the other seven; mean and standard deviation over which eighth."""
    rows: list[tuple[object, ...]] = []
    for share in (0.995, 0.99, 0.98):
        measured = []
        for taught in range(n_runs):
            classifier = fit_junk_classifier(*examples(raw[taught]), seed=0, keep_clean_share=share)
            texts, marks = examples(pa.concat_tables([part for place, part in enumerate(raw) if place != taught]))
            is_rejected = classifier.score(texts) > classifier.threshold
            n_right = (is_rejected & marks).sum()
            kept_clean = 1 - (is_rejected & ~marks).sum() / (~marks).sum()
            measured.append((n_right / marks.sum(), n_right / is_rejected.sum(), kept_clean))
        means, spreads = np.mean(measured, axis=0), np.std(measured, axis=0)
        rows.append((share, *(f"{mean:.3f} ± {spread:.3f}" for mean, spread in zip(means, spreads, strict=True))))
    learnt = []
    for n_taught in (1, 2, 4, 7):
        classifier = fit_junk_classifier(*examples(pa.concat_tables(raw[:n_taught])), seed=0, keep_clean_share=0.995)
        texts, marks = examples(raw[7])
        is_rejected = classifier.score(texts) > classifier.threshold
        kept_clean = 1 - (is_rejected & ~marks).sum() / (~marks).sum()
        learnt.append((f"{n_taught} of 8", f"{(is_rejected & marks).sum() / marks.sum():.3f}", f"{kept_clean:.3f}"))
    n_junk, n_taught = int(examples(raw[0])[1].sum()), raw[0].num_rows
    yield f"{n_runs} runs; a taught batch has about {n_taught:,} texts with {n_junk} junk.\n"
    yield from table(("clean share asked", "junk recall", "junk precision", "clean share kept"), rows)
    yield "What more examples bring, measured on the last eighth, clean share asked 0.995:\n"
    yield from table(("taught", "junk recall", "clean share kept"), learnt)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="append the tables to benchmarks/RESULTS.md")
    parser.add_argument("--pairs-from", type=int, default=8000, help="texts compared pair by pair")
    parser.add_argument("--junk-runs", type=int, default=4, choices=range(1, 9), help="eighths to learn from in turn")
    arguments = parser.parse_args()

    start = time.perf_counter()
    batches = list_batches(SOURCE, Batches(by="hash", count=8), Path())
    n_files = sum(map(len, batches.values()))
    raw = [read_batch(SOURCE, files, batch=batch, modality="text") for batch, files in batches.items()]
    seconds = time.perf_counter() - start
    texts = pa.concat_tables(raw)["text"].to_pylist()
    different = list(dict.fromkeys(texts))
    chosen = np.random.default_rng(0).choice(len(different), min(arguments.pairs_from, len(different)), replace=False)

    lines = [f"Read {n_files:,} files, {len(texts):,} mentions: {n_files / seconds:,.0f} files/s.\n"]
    parts = (speed(raw, texts), near_duplicates([different[i] for i in chosen]), junk_found(raw, arguments.junk_runs))
    for title, part in zip(("Speed", "Near-duplicates", "Junk"), parts, strict=True):
        lines += [f"**{title}**\n", *part]
    print("\n".join(lines))
    if arguments.write:
        from results import append_results

        append_results("First pass on licence mentions", "\n".join(lines))


if __name__ == "__main__":
    main()
