from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from written_steps import notes_runtime, pass_checks, write_step

from data_engine.labeling import Classifier, fit_classifier
from data_engine.review import NewTask
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.check_inputs import CheckedStep, check_inputs_of
from data_engine.runtime.corpus_runtime import CorpusRuntime

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _checked(runtime: CorpusRuntime, step: str, batch: str = "") -> CheckedStep:
    gate = CheckGate(runtime, runtime.store(), "run")
    tables = AcceptedTables(gate.store, gate, step, batch, judged=gate.latest(step, batch))
    return CheckedStep(runtime, tables, batch, {})


def test_the_checks_of_a_batch_are_given_the_rows_of_that_batch_alone(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    for batch in ("may", "june"):
        write_step(runtime.store(), "raw_index", [{"sample_id": batch, "uri": batch}], batch)
    tables, values = check_inputs_of("raw_index", _checked(runtime, "raw_index", "may"))
    assert {name: table["sample_id"].to_pylist() for name, table in tables.items()} == {"raw_index": ["may"]}
    assert values == {}


def test_the_checks_of_a_tree_are_given_the_samples_that_it_was_made_from(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    for batch in ("may", "june"):
        embedded = write_step(runtime.store(), "embeddings", [{"sample_id": batch, "dim": 0}], batch)
    made_from = {f"embeddings/{embedded.batch}": embedded.table_version}
    write_step(runtime.store(), "cluster_tree", [{"level": 1, "n_samples": 1}], table_versions=made_from)
    # What came after the tree was made is not asked of it.
    write_step(runtime.store(), "embeddings", [{"sample_id": "later", "dim": 0}], "june")
    tables, values = check_inputs_of("cluster_tree", _checked(runtime, "cluster_tree"))
    assert tables["embedded"]["sample_id"].to_pylist() == ["june"]
    assert values == {"is_rebuilt": False}


def test_the_checks_of_a_classifier_are_given_the_newest_version_and_the_accuracy_of_the_one_before(
    tmp_path: Path,
) -> None:
    runtime = notes_runtime(tmp_path)
    answers = [
        {"annotation_id": purpose, "sample_id": purpose, "purpose": purpose}
        for purpose in ("hold_out", "query", "trap")
    ]
    pass_checks(runtime, write_step(runtime.store(), "reviewed_labels", answers, "one"))
    artefact = fit_classifier(np.eye(2), np.arange(2), seed=0, n_classes=2, class_names=("a", "b")).to_bytes()
    versions = [
        {"classifier_version": "old", "accuracy": 0.75, "accuracy_low": 0.5, "n_hold_out": 40, "artefact": artefact},
        {"classifier_version": "new", "accuracy": 0.875, "accuracy_low": 0.625, "artefact": artefact},
    ]
    write_step(runtime.store(), "classifier", versions[:1])
    first = check_inputs_of("classifier", _checked(runtime, "classifier"))[1]
    assert "previous_accuracy" not in first and first["min_hold_out"] == 50
    write_step(runtime.store(), "classifier", versions)
    tables, values = check_inputs_of("classifier", _checked(runtime, "classifier"))
    assert tables["classifier"]["classifier_version"].to_pylist() == ["new"]
    assert values == {
        # Not the 50 of a new corpus: it has learnt from these.
        "min_hold_out": 40,
        "hold_out_ids": ["hold_out"],
        "training_ids": ["query"],
        "previous_accuracy": 0.75,
        "previous_low": 0.5,
    }
    others = fit_classifier(np.eye(2), np.arange(2), seed=0, n_classes=2, class_names=("a", "c")).to_bytes()
    for other in ({"artefact": others}, {"encoder_version": "another"}):
        write_step(runtime.store(), "classifier", [versions[0], {**versions[1], **other}])
        assert "previous_accuracy" not in check_inputs_of("classifier", _checked(runtime, "classifier"))[1]


def _artefact(*class_names: str) -> bytes:
    n = len(class_names)
    weights, biases = np.zeros((n, 2), np.float32), np.zeros(n, np.float32)
    return Classifier(weights, biases, np.ones(n, bool), class_names=class_names).to_bytes()


def test_a_classifier_is_not_compared_with_one_that_knows_other_classes(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    versions = [
        {"classifier_version": "old", "accuracy": 0.75, "artefact": _artefact("a", "b")},
        {"classifier_version": "new", "accuracy": 0.5, "artefact": _artefact("a", "c")},
    ]
    write_step(runtime.store(), "classifier", versions)
    assert "previous_accuracy" not in check_inputs_of("classifier", _checked(runtime, "classifier"))[1]
    versions[0]["artefact"] = _artefact("a", "c")
    write_step(runtime.store(), "classifier", versions)
    assert check_inputs_of("classifier", _checked(runtime, "classifier"))[1]["previous_accuracy"] == 0.75


def test_a_hold_out_that_was_answered_in_full_may_shrink_and_a_smaller_one_may_not(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path, subset={"target_size": 30})
    write_step(runtime.store(), "classifier", [{"classifier_version": "one", "n_hold_out": 4}])
    for n_answered, least in ((9, 10), (10, 1)):
        with runtime.queue() as queue:
            tasks = [NewTask(f"{n_answered} {n}", "hold_out", "manual") for n in range(n_answered)]
            queue.delete_corpus("notes", now=NOW)
            queue.open_batch("one", corpus="notes", question="?", classes="ab", tasks=tasks, cause="c", now=NOW)
            while (lease := queue.next("ada", now=NOW)) is not None:
                queue.submit(lease.lease_id, lease.lease_id, label="a", now=NOW)
        values = check_inputs_of("classifier", _checked(runtime, "classifier"))[1]
        assert values["min_hold_out"] == least


@pytest.mark.parametrize(("target", "asked"), [(30, 30), (180, 180)])
def test_the_checks_of_a_subset_are_given_the_number_of_samples_asked_for(
    tmp_path: Path, target: int, asked: int
) -> None:
    runtime = notes_runtime(tmp_path, subset={"target_size": target})
    assert check_inputs_of("balanced_subset", _checked(runtime, "balanced_subset"))[1] == {"target": asked}


def test_the_checks_of_labels_are_given_how_many_audits_of_a_class_agreed(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    with runtime.queue() as queue:
        tasks = [
            NewTask(sample_id=str(n), purpose="audit", arm="blind", payload={}, proposed_label="baking")
            for n in range(3)
        ]
        queue.open_batch(
            "one", corpus="notes", question="?", classes=["baking", "trains"], tasks=tasks, cause="c", now=NOW
        )
        ids = queue.tables()["review_task"]["task_id"].to_pylist()
    labels = ("baking", "trains", "baking")
    answers = [
        {"annotation_id": task, "task_id": task, "purpose": "audit", "label": label}
        for task, label in zip(ids, labels, strict=True)
    ]
    pass_checks(runtime, write_step(runtime.store(), "reviewed_labels", answers, "one"))
    # Of a class that shows no automatic label nothing has to be held back.
    write_step(runtime.store(), "labels", [{"sample_id": "7", "label": "trains", "provenance": "model_auto"}])
    assert check_inputs_of("labels", _checked(runtime, "labels"))[1] == {"audited": {}}
    write_step(runtime.store(), "labels", [{"sample_id": "7", "label": "baking", "provenance": "model_auto"}])
    assert check_inputs_of("labels", _checked(runtime, "labels"))[1] == {"audited": {"baking": (3, 2)}}
