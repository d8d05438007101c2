import pyarrow as pa

from data_engine.corpus import Corpus
from data_engine.reporting.metrics.slice_metrics import slice_metrics


def test_every_slice_has_its_own_figures(corpus: Corpus, tables: dict[str, pa.Table]) -> None:
    found = {(metric.metric, metric.scope): metric for metric in slice_metrics(corpus, tables)}
    accuracy = found["slice_accuracy", "batch: b1"]
    assert (accuracy.value, accuracy.n) == (0.8, 20)
    labelled = [
        m.n for (name, scope), m in found.items() if name == "slice_label_quality" and scope.startswith("batch")
    ]
    assert sum(n or 0 for n in labelled) == tables["labels"].num_rows
    right = found["slice_label_accuracy", "cluster: apache · license"]
    assert (right.n, right.value) == (12, 1.0)
    accepted = [m for (name, scope), m in found.items() if name == "slice_accepted_share" and "cluster" in scope]
    assert sum((m.n or 0) for m in accepted) == tables["proposals"].num_rows


def test_without_columns_there_are_no_slices(corpus: Corpus, tables: dict[str, pa.Table]) -> None:
    plain = corpus.model_copy(update={"labels": corpus.labels.model_copy(update={"slices": ()})})
    assert slice_metrics(plain, tables) == []
    assert slice_metrics(corpus, {}) == []
