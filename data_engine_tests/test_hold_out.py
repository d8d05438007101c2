"""A hold-out that became too small, because the subset grew after it was drawn, stops no corpus."""

from datetime import UTC, datetime
from pathlib import Path

from small_project import SmallProject, notes_corpus, write_notes

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.simulation.simulated_answers import known_classes


def _write(project: SmallProject, target_size: int, **review: object) -> None:
    corpus = notes_corpus(Path("source"), tree={"n_clusters": [40, 8]}, review=review)
    project.add({**corpus, "subset": {"target_size": target_size, "compare_with": []}})


def _answer_all(runtime: CorpusRuntime) -> None:
    """Answer every open task as somebody who knows the labels would."""
    truth = known_classes(runtime)
    with runtime.queue() as queue:
        while (lease := queue.next("ada", now=datetime.now(UTC))) is not None:
            label = truth[lease.task.sample_id]
            queue.submit(lease.lease_id, lease.lease_id, label=label, now=datetime.now(UTC), active_s=1.0)


def _n_hold_out(project: SmallProject) -> list[int]:
    store = project.load().runtime("notes").store()
    return (
        store.read("classifier", columns=["n_hold_out"])["n_hold_out"].to_pylist() if store.exists("classifier") else []
    )


def test_a_subset_that_grows_before_anything_is_learnt_has_the_rest_of_its_hold_out_asked_next(
    project: SmallProject,
) -> None:
    write_notes(project.folder / "source", "may", 200, 3)
    _write(project, 90)
    assert "notes-round-000 opened" in project.run("notes")
    _answer_all(project.load().runtime("notes"))
    _write(project, 120)
    assert "notes-round-001 opened" in project.run("notes")
    assert _n_hold_out(project) == []
    _answer_all(project.load().runtime("notes"))
    assert "release" in project.run("notes")
    assert _n_hold_out(project) == [40]


def test_a_subset_that_grows_after_something_is_learnt_goes_on(project: SmallProject) -> None:
    write_notes(project.folder / "source", "may", 200, 3)
    readers = [{"name": "reader", "error_rate": 0.0}]
    _write(project, 90, simulated=readers)
    project.run("notes")
    _write(project, 120, simulated=readers)
    project.run("notes")
    assert set(_n_hold_out(project)) == {30}
