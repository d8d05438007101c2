from pathlib import Path

import dagster as dg
from written_steps import notes_runtime

from data_engine.orchestration.lineage.step_columns import lineage_metadata, sources_of_step


def test_dagster_is_told_of_assets_and_the_table_of_the_source_as_well(tmp_path: Path) -> None:
    said = lineage_metadata(notes_runtime(tmp_path), "raw_index")
    assert said["dagster/column_lineage"].deps_by_column["text"] == []
    rows = {each.data["column"]: each.data["comes from"] for each in said["columns come from"].records}
    assert (rows["text"], rows["uri"]) == ("source.content", "source.path")
    found = lineage_metadata(notes_runtime(tmp_path), "release")["dagster/column_lineage"].deps_by_column
    assert found["text"] == [dg.TableColumnDep(dg.AssetKey(["notes", "raw_index"]), "text")]


def test_a_corpus_without_labels_names_no_table_of_labels(tmp_path: Path) -> None:
    found = sources_of_step(notes_runtime(tmp_path, labels=None, review={}), "release")
    assert {of for pairs in found.values() for of, _ in pairs} == {
        "raw_index",
        "balanced_subset",
        "cluster_tree",
        "embeddings",
    }


def test_of_several_questions_the_tables_of_each_are_named(tmp_path: Path) -> None:
    questions = [
        {"name": name, "question": "?", "classes": ["a", "b"], "hold_out_size": 50} for name in ("mood", "topic")
    ]
    found = sources_of_step(notes_runtime(tmp_path, labels=questions), "release")
    assert found["label"] == [("mood.labels", "label"), ("topic.labels", "label")]


def test_what_a_step_reads_from_people_is_in_its_lineage(tmp_path: Path) -> None:
    found = lineage_metadata(notes_runtime(tmp_path), "labels")["dagster/column_lineage"].deps_by_column
    assert found["n_annotations"] == [dg.TableColumnDep(dg.AssetKey(["notes", "reviewed_labels"]), "annotation_id")]
