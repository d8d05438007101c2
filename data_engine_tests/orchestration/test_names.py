from pathlib import Path

import dagster as dg
import pytest
from written_steps import notes_runtime

from data_engine.orchestration.names import asset_key, batch_partitions, corpus_name, partitions_of


def test_keys_and_names_begin_with_the_corpus(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    assert asset_key(runtime, "sql", "funnel") == dg.AssetKey(["notes", "sql", "funnel"])
    assert corpus_name(runtime, "ingest") == "notes_ingest"


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ("raw_index", "notes_batches"),
        ("drift_report", "notes_batches"),
        ("reviewed_labels", "notes_review_batches"),
        ("cluster_tree", None),
        ("review_batches", None),
    ],
)
def test_a_step_is_partitioned_by_ingestion_batches_by_review_batches_or_not_at_all(
    tmp_path: Path, step: str, name: str | None
) -> None:
    partitions = partitions_of(notes_runtime(tmp_path), step)
    assert (None if partitions is None else partitions.name) == name


def test_partitions_of_one_corpus_are_equal_and_those_of_another_are_not(tmp_path: Path) -> None:
    assert batch_partitions(notes_runtime(tmp_path)) == batch_partitions(notes_runtime(tmp_path))
    assert batch_partitions(notes_runtime(tmp_path)) != batch_partitions(notes_runtime(tmp_path, name="letters"))
