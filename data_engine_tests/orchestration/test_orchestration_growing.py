"""A frozen tree that samples join."""

import logging

import numpy as np
import pyarrow as pa
import pytest
from small_project import SmallProject

from data_engine import clustering, portraits
from data_engine.orchestration.growing import Members, grown, keep_members
from data_engine.orchestration.tables_io import Work
from data_engine.portraits import Measures


def _work(project: SmallProject) -> Work:
    bench = project.load().bench("notes")
    return Work(bench, "cluster_tree", "", "run", bench.store())


def test_what_is_known_of_members_survives_being_kept_also_where_only_some_were_measured() -> None:
    some = Measures(np.array([0, 2]), np.array([[1, 2], [3, 4]], np.float32), np.array([[0.5, 0], [1, -1]], np.float32))
    table = Members(pa.array(["a", "b", "c"]), np.array([4, 5, 4], np.int32), np.ones(3, np.float32), some).to_table()
    found = Members.from_table(table)
    assert found.sample_ids.to_pylist() == ["a", "b", "c"]
    assert found.leaf.tolist() == [4, 5, 4]
    assert found.measures.rows.tolist() == [0, 2]
    assert found.measures.distance.tolist() == [[1, 2], [3, 4]]
    assert found.measures.silhouette.tolist() == [[0.5, 0], [1, -1]]


def test_samples_that_join_a_tree_are_where_they_would_be_if_all_were_assigned_anew(finished: SmallProject) -> None:
    work = _work(finished)
    samples = work.read_open_samples()
    for path in work.store.learnt().folder.glob("tree-members-*"):
        path.unlink()
    whole, measures = grown(work, samples)
    assert len(measures.rows) == samples.num_rows > 100
    few = np.arange(0, samples.num_rows, 3)
    part = clustering.with_samples(whole, whole.leaf[few], np.asarray(whole.distance)[few])
    keep_members(work, part, samples.take(pa.array(few)), Measures(np.arange(len(few)), *_at(measures, few)))
    again, again_measures = grown(work, samples)
    assert np.array_equal(again.leaf, whole.leaf)
    assert np.allclose(np.asarray(again.distance), np.asarray(whole.distance), atol=1e-6)
    assert np.allclose(again_measures.silhouette, measures.silhouette, atol=2e-4, equal_nan=True)


def _at(measures: Measures, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return measures.distance[:, rows], measures.silhouette[:, rows]


def test_only_new_samples_are_measured(finished: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    work = _work(finished)
    samples = work.read_open_samples()
    tree, measures = grown(work, samples)
    keep_members(work, tree, samples, measures)
    monkeypatch.setattr(portraits, "measure", lambda *_: pytest.fail("nothing is new"))
    assert np.array_equal(grown(work, samples)[0].leaf, tree.leaf)
    fewer = samples.slice(5)
    assert np.array_equal(grown(work, fewer)[0].leaf, tree.leaf[5:])


def test_what_is_damaged_is_computed_anew_and_said(finished: SmallProject, caplog: pytest.LogCaptureFixture) -> None:
    work = _work(finished)
    samples = work.read_open_samples()
    tree, measures = grown(work, samples)
    keep_members(work, tree, samples, measures)
    (kept,) = work.store.learnt().folder.glob("tree-members-*")
    kept.write_bytes(b"torn")
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(grown(work, samples)[0].leaf, tree.leaf)
    assert "is damaged and is computed anew" in caplog.text
