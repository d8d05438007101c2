"""The suite of every step: from its tables to truths that Great Expectations can judge.

A suite takes `(tables, corpus)` and, as keyword arguments, the facts that no table holds. Where a truth spans two
tables the suite computes a profile column first, and the expectation is put on that column.
"""

from data_engine.quality.suites.arrival import embeddings, first_pass, raw_index
from data_engine.quality.suites.labelling import classifier, labels, proposals, reviewed_labels
from data_engine.quality.suites.reports import drift_report, quality_report, release
from data_engine.quality.suites.selection import balanced_subset, cluster_tree

__all__ = [
    "balanced_subset",
    "classifier",
    "cluster_tree",
    "drift_report",
    "embeddings",
    "first_pass",
    "labels",
    "proposals",
    "quality_report",
    "raw_index",
    "release",
    "reviewed_labels",
]
