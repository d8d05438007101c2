"""Builds the quality report: all metrics of a corpus in one table; those of funnel, tree and balance are computed here.

Metrics of labels are in `label_metrics.py`. A step that has not run yet gives no metrics, never zeros.
"""

from collections import Counter

import numpy as np
import pyarrow as pa

from data_engine.corpus import Corpus
from data_engine.reporting.columns_on_demand import counted
from data_engine.reporting.metrics.concepts import concept_metrics
from data_engine.reporting.metrics.decider_costs import cost_metrics, model_metrics, need_metrics
from data_engine.reporting.metrics.funnel import SEMANTIC
from data_engine.reporting.metrics.known_labels import BalanceGroups, groups, knows_truth
from data_engine.reporting.metrics.label_metrics import label_metrics, labels_in_subset
from data_engine.reporting.metrics.method_comparison import comparison_of, method_metrics
from data_engine.reporting.metrics.metric import Direction, Metric
from data_engine.reporting.metrics.round_comparison import round_metrics
from data_engine.reporting.metrics.slice_metrics import slice_metrics
from data_engine.reporting.metrics.subset_worth import worth_metrics
from data_engine.reporting.random_subsets import random_kept
from data_engine.reporting.trend_metrics import trend_metrics
from data_engine.sampling.balance import compare_counts
from data_engine.schemas import QUALITY_REPORT, Tables

N_RANDOM_DRAWS = 20


def build_quality_report(corpus: Corpus, tables: Tables) -> pa.Table:
    """All metrics that the given tables allow.

    Args:
        corpus: gives classes, limits, and the column of labels known beforehand.
        tables: any tables of the corpus by name, whole; those that are missing give fewer metrics.

    Returns: a table in the schema QUALITY_REPORT, one row per (metric, scope), in a fixed order.
    """
    # A table without rows is a step that has nothing to say yet.
    some = {name: table for name, table in tables.items() if table.num_rows}
    metrics = [*funnel_metrics(corpus, some), *_rejections(some), *_tree(some), *concept_metrics(corpus, some)]
    metrics += [*_balance(corpus, some), *_methods(corpus, some), *_worth(corpus, some)]
    metrics += [*label_metrics(corpus, some), *round_metrics(some), *slice_metrics(corpus, some)]
    metrics += trend_metrics(some)
    metrics += cost_metrics(some["costs"]) if "costs" in some else []
    metrics += model_metrics(some["foundation_answers"]) if "foundation_answers" in some else []
    metrics += need_metrics(some["foundation_rounds"]) if "foundation_rounds" in some else []
    return pa.Table.from_pylist([vars(metric) for metric in metrics], schema=QUALITY_REPORT)


def funnel_metrics(corpus: Corpus, tables: Tables) -> list[Metric]:
    """Samples left after every step; tables without rows are left out by the caller."""
    left: list[tuple[str, int, str]] = []
    if "raw_index" in tables:
        left.append(("raw", tables["raw_index"].num_rows, "Raw samples read from the source."))
    if "first_pass" in tables:
        n_of = _rejected(tables)
        n_repeats = sum(n for reason, n in n_of.items() if "duplicate" in reason)
        n_unique = tables["first_pass"].num_rows - n_of.total()
        left.append(("kept", n_unique + n_repeats, "Raw samples that pass every rule but that of duplicates."))
        left.append(("unique", n_unique, "Kept samples: past every rule, duplicates removed."))
    if "balanced_subset" in tables:
        left.append(("chosen", tables["balanced_subset"].num_rows, "Samples of the balanced subset."))
    if "labels" in tables and corpus.has_labels:
        labels = labels_in_subset(tables["labels"])["label"].to_pylist()
        outside = corpus.labels.out_of_scope
        n_in_scope = sum(outside is None or label != outside for label in labels)
        left.append(("labelled", len(labels), "Samples of the subset that have a label."))
        left.append(("releasable", n_in_scope, "Samples of the subset whose label is not out of scope."))
    if "release" in tables:
        left.append(("released", tables["release"].num_rows, "Samples of the newest release."))
    n_raw = tables["raw_index"].num_rows if "raw_index" in tables else None
    return [Metric("funnel", scope, n, "samples", "neutral", note, n=n_raw) for scope, n, note in left]


def _rejections(tables: Tables) -> list[Metric]:
    return [*_first_pass_rejections(tables), *_semantic_duplicates(tables)]


def _semantic_duplicates(tables: Tables) -> list[Metric]:
    """Samples removed before the subset was chosen; the caller leaves out tables without rows."""
    if "semantic_duplicates" not in tables:
        return []
    n = tables["semantic_duplicates"].num_rows
    return [Metric("rejected", SEMANTIC, n, "samples", "neutral", "Samples that repeat another one by embeddings.")]


def _first_pass_rejections(tables: Tables) -> list[Metric]:
    if "first_pass" not in tables:
        return []
    n_raw = tables["first_pass"].num_rows
    return [
        Metric("rejected", reason, n, "samples", "neutral", "Raw samples that this rule rejected.", n=n_raw)
        for reason, n in sorted(_rejected(tables).items(), key=lambda item: (-item[1], item[0]))
    ]


def _rejected(tables: Tables) -> Counter[str]:
    """How many raw samples each reason of the first pass rejected."""
    counts = counted(tables["first_pass"], ["verdict", "reason"])
    return Counter({reason: n for (verdict, reason), n in counts.items() if verdict != "kept"})


def _tree(tables: Tables) -> list[Metric]:
    if "cluster_tree" not in tables:
        return []
    per_level = sorted(Counter(tables["cluster_tree"]["level"].to_pylist()).items())
    note = "Clusters of this level of the tree; level 1 is the finest."
    return [Metric("clusters", f"level {level}", n, "clusters", "neutral", note) for level, n in per_level]


def _methods(corpus: Corpus, tables: Tables) -> list[Metric]:
    compared = comparison_of(tables, knows_labels=knows_truth(corpus, tables))
    return [] if compared is None else method_metrics(compared)


def _worth(corpus: Corpus, tables: Tables) -> list[Metric]:
    return worth_metrics(tables["subset_proof"], corpus.subset.method) if "subset_proof" in tables else []


def _balance(corpus: Corpus, tables: Tables) -> list[Metric]:
    grouping = groups(corpus, tables)
    if grouping is None or not {"balanced_subset", "first_pass"} <= set(tables):
        return []
    comparison = _compare(corpus, tables, grouping)
    if comparison is None:
        return []
    over = f"over the {len(grouping.names):,} {grouping.what}"
    subject = {
        "raw": "all samples",
        "random": f"the mean of {N_RANDOM_DRAWS} random subsets of the kept samples, as large as the balanced one; "
        "the interval holds 90 % of them",
        "balanced": "the balanced subset",
    }
    n_groups = len(grouping.names)
    note = "Groups over which the balance is counted."
    metrics = [Metric("groups", grouping.what, n_groups, "groups", "neutral", note)]
    for metric, key, unit, direction, sentence in _BALANCE_FIGURES:
        for row in comparison.to_pylist():
            note = f"{sentence} {over}: {subject[row['subset']]}."
            low, high = row[f"{key}_low"], row[f"{key}_high"]
            metrics.append(Metric(metric, row["subset"], row[key], unit, direction, note, low, high, row["n"]))
    return metrics


_BALANCE_FIGURES: tuple[tuple[str, str, str, Direction, str], ...] = (
    ("kl_to_uniform", "kl", "nats", "lower_is_better", "Kullback-Leibler divergence to uniform"),
    ("class_coverage", "coverage", "share", "higher_is_better", "Share of groups with at least one sample"),
    ("largest_class_share", "largest_share", "share", "lower_is_better", "Share of the samples in the largest group"),
    ("top_10_share", "top_10_share", "share", "lower_is_better", "Share of the samples in the ten largest groups"),
)


def _compare(corpus: Corpus, tables: Tables, grouping: BalanceGroups) -> pa.Table | None:
    chosen = tables["balanced_subset"]["sample_id"]
    rng = np.random.default_rng(corpus.seed_for("quality_report", "random subsets"))
    draws = [random_kept(tables["first_pass"], len(chosen), rng) for _ in range(N_RANDOM_DRAWS)]
    of_chosen, *of_draws = grouping.counts([chosen.combine_chunks(), *draws])
    if not all(counts.any() for counts in (of_chosen, *of_draws)):
        return None
    return compare_counts(grouping.raw, of_draws, of_chosen)
