"""A frozen tree that samples join."""

import logging
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from small_project import SmallProject

from data_engine import cluster_summary, clustering, storage
from data_engine.cluster_summary import ClusterMeasures
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.tree_growth import Members, grown_tree, keep_members
from data_engine.runtime.versions import step_versions, write_version


def _work(project: SmallProject) -> StepRun:
    runtime = project.load().runtime("notes")
    return StepRun(runtime, "cluster_tree", "", "run")


SOME = Members(
    pa.array(["a", "b", "c"]),
    pa.array(["v1", "v1", "v2"]),
    np.array([4, 5, 4], np.int32),
    np.ones(3, np.float32),
    ClusterMeasures(
        np.array([0, 2]), np.array([[1, 2], [3, 4]], np.float32), np.array([[0.5, 0], [1, -1]], np.float32)
    ),
)


def test_what_is_known_of_members_survives_being_kept_also_where_only_some_were_measured() -> None:
    found = Members.from_table(SOME.to_table())
    assert found.sample_ids.to_pylist() == ["a", "b", "c"]
    assert found.encoder_version.to_pylist() == ["v1", "v1", "v2"]
    assert found.leaf.tolist() == [4, 5, 4]
    assert found.measures.rows.tolist() == [0, 2]
    assert found.measures.distance.tolist() == [[1, 2], [3, 4]]
    assert found.measures.silhouette.tolist() == [[0.5, 0], [1, -1]]


def test_a_sample_is_known_only_with_the_embedding_that_it_has() -> None:
    samples = pa.table({"sample_id": ["c", "d", "a", "b"], "encoder_version": ["v2", "v2", "v2", "v1"]})
    assert SOME.places(samples).tolist() == [2, -1, -1, 1]


def test_measures_are_found_where_there_are_any() -> None:
    found = SOME.measures_at(np.array([2, -1, 1, 0]), np.array([0, 1, 2]))
    assert (found.rows.tolist(), found.distance.tolist()) == ([0], [[2], [4]])
    joined = found.joined(SOME.measures_at(np.array([0]), np.array([0])), np.array([3]))
    assert (joined.rows.tolist(), joined.silhouette.tolist()) == ([0, 3], [[0, 0.5], [-1, 1]])


def _embed_anew(step_run: StepRun, batch: str) -> None:
    """Every vector of the batch points the other way, and another encoder is said to have made it."""
    table = step_run.runtime.store().read("embeddings", partition={"batch": batch})
    turned = [(-np.frombuffer(values, np.float32)).tobytes() for values in table["embedding"].to_pylist()]
    for name, values in (("embedding", turned), ("encoder_version", ["v2"] * len(table))):
        number = table.schema.get_field_index(name)
        table = table.set_column(number, table.schema.field(number), pa.array(values, table.schema.field(number).type))
    store = step_run.runtime.store()
    written = store.write("embeddings", table, partition={"batch": batch}, run_id="run", code_version="code")
    last = step_versions(store, "embeddings", batch)["embeddings", batch]
    write_version(store, replace(last, data_version=written.data_version, table_version=written.version))


def test_batches_embedded_anew_one_after_the_other_are_assigned_anew_one_after_the_other(
    finished: SmallProject,
) -> None:
    step_run = _work(finished)
    before, _ = grown_tree(step_run, step_run.read_accepted_samples())
    for batch in ("may.jsonl", "june.jsonl"):
        _embed_anew(step_run, batch)
        step_run = _work(finished)
        samples = step_run.read_accepted_samples()
        tree, measures = grown_tree(step_run, samples)
        keep_members(step_run, tree, samples, measures)
        assert not np.array_equal(tree.leaf, before.leaf)
        _, x = step_run.read_accepted_embeddings()
        assert np.array_equal(tree.leaf, clustering.assign(tree, x))
        before = tree


def _rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many embeddings every later reading of some takes."""
    rows: list[int] = []
    read = storage.read_some_embeddings
    monkeypatch.setattr(
        storage, "read_some_embeddings", lambda store, some, at: (rows.append(some.num_rows), read(store, some, at))[1]
    )
    return rows


def test_a_large_tree_that_grows_measures_what_it_would_if_it_were_measured_anew(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_summary, "MOST_MEASURED", 50)
    step_run = _work(finished)
    every = step_run.read_accepted_samples()
    for path in step_run.runtime.store().artefacts().folder.glob("tree-members-*"):
        path.unlink()
    whole, measures = grown_tree(step_run, every)
    keep_members(step_run, whole, every, measures)
    assert len(measures.rows) == 50 < every.num_rows
    rows_read = _rows_read(monkeypatch)
    # Thirty samples are left, so that others of them stand in for what has gone; then they are more three times.
    samples = every.slice(0, 30)
    tree, few = grown_tree(step_run, samples)
    assert len(few.rows) == 30
    assert rows_read == [0, 30 - np.count_nonzero(measures.rows < 30)]
    keep_members(step_run, tree, samples, few)
    del rows_read[:]
    for n in (70, 170, every.num_rows):
        new = n - samples.num_rows
        samples = every.slice(0, n)
        tree, measures_now = grown_tree(step_run, samples)
        keep_members(step_run, tree, samples, measures_now)
        assert rows_read.pop() == new
        assert not rows_read
    assert measures_now.rows.tolist() == measures.rows.tolist()
    assert np.allclose(measures_now.silhouette, measures.silhouette, atol=2e-4, equal_nan=True)


def test_samples_that_join_a_tree_are_where_they_would_be_if_all_were_assigned_anew(finished: SmallProject) -> None:
    step_run = _work(finished)
    samples = step_run.read_accepted_samples()
    for path in step_run.runtime.store().artefacts().folder.glob("tree-members-*"):
        path.unlink()
    whole, measures = grown_tree(step_run, samples)
    assert len(measures.rows) == samples.num_rows > 100
    few = np.arange(0, samples.num_rows, 3)
    part = clustering.with_samples(whole, whole.leaf[few], np.asarray(whole.distance)[few])
    keep_members(step_run, part, samples.take(pa.array(few)), ClusterMeasures(np.arange(len(few)), *_at(measures, few)))
    again, again_measures = grown_tree(step_run, samples)
    assert np.array_equal(again.leaf, whole.leaf)
    assert np.allclose(np.asarray(again.distance), np.asarray(whole.distance), atol=1e-6)
    assert np.allclose(again_measures.silhouette, measures.silhouette, atol=2e-4, equal_nan=True)


def _at(measures: ClusterMeasures, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return measures.distance[:, rows], measures.silhouette[:, rows]


def test_only_new_samples_are_measured(finished: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    step_run = _work(finished)
    samples = step_run.read_accepted_samples()
    tree, measures = grown_tree(step_run, samples)
    keep_members(step_run, tree, samples, measures)
    monkeypatch.setattr(cluster_summary, "measure", lambda *_: pytest.fail("nothing is new"))
    assert np.array_equal(grown_tree(step_run, samples)[0].leaf, tree.leaf)
    fewer = samples.slice(5)
    assert np.array_equal(grown_tree(step_run, fewer)[0].leaf, tree.leaf[5:])


def test_what_is_damaged_is_computed_anew_and_said(finished: SmallProject, caplog: pytest.LogCaptureFixture) -> None:
    step_run = _work(finished)
    samples = step_run.read_accepted_samples()
    tree, measures = grown_tree(step_run, samples)
    keep_members(step_run, tree, samples, measures)
    (kept,) = step_run.runtime.store().artefacts().folder.glob("tree-members-*")
    kept.write_bytes(b"torn")
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(grown_tree(step_run, samples)[0].leaf, tree.leaf)
    assert "is damaged and is computed anew" in caplog.text
