from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from schema_tables import table
from written_steps import notes_runtime, pass_checks, write_step

from data_engine.labeling import Classifier
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.classifier_in_service import LearntBy, gate_in_service, newest_audit_age_days, rival_of


def _classifier(bias: float) -> Classifier:
    return Classifier(
        weights=np.zeros((2, 2), np.float32),
        biases=np.array([bias, 0.0], np.float32),
        has_examples=np.array([True, True]),
        class_names=("mit", "bsd"),
    )


def _row(
    version: str, bias: float, threshold: float | None, *, is_in_service: bool, encoder: str = "e-1"
) -> dict[str, object]:
    return {
        "classifier_version": version,
        "gate_threshold": threshold,
        "is_in_service": is_in_service,
        "took_over": is_in_service,
        "encoder_version": encoder,
        "artefact": _classifier(bias).to_bytes(),
    }


def test_before_the_first_classifier_there_is_none_and_no_gate(tmp_path: Path) -> None:
    assert rival_of(table("classifier", []), "first", "e-1") is None
    runtime = notes_runtime(tmp_path)
    assert gate_in_service(accepted_tables(runtime, run_id="run"), runtime.corpus) is None


def test_the_newest_version_in_service_counts_and_a_worse_one_after_it_does_not(tmp_path: Path) -> None:
    rows = [
        _row("first", 1.0, 0.9, is_in_service=True),
        _row("second", 2.0, 0.8, is_in_service=True),
        _row("worse", 3.0, 0.7, is_in_service=False),
    ]
    found = rival_of(table("classifier", rows), "next", "e-1")
    assert found is not None
    assert Classifier.from_bytes(found["artefact"]).biases.tolist() == [2.0, 0.0]
    runtime = notes_runtime(tmp_path)
    pass_checks(runtime, write_step(runtime.store(), "classifier", rows))
    gate = gate_in_service(accepted_tables(runtime, run_id="run"), runtime.corpus)
    assert gate is not None and gate.threshold == 0.8


def test_the_rival_of_a_version_learnt_from_vectors_of_the_same_encoder_or_there_is_none() -> None:
    rows = [
        _row("first", 1.0, None, is_in_service=True),
        _row("lost", 2.0, None, is_in_service=False),
        _row("second", 3.0, None, is_in_service=True),
        _row("other", 4.0, None, is_in_service=True, encoder="e-2"),
    ]
    before = [{**row, "is_in_service": row["classifier_version"] == "other"} for row in rows]
    history = table("classifier", before)

    def rival(new: str, encoder: str) -> str | None:
        found = rival_of(history, new, encoder)
        return None if found is None else str(found["classifier_version"])

    assert rival("next", "e-3") is None
    assert rival("next", "e-2") == "other"
    assert rival("next", "e-1") == "second"
    assert rival("second", "e-1") == "first"
    assert rival("lost", "e-1") == "second"


def test_the_gate_of_a_classifier_that_is_sure_of_nothing_accepts_nothing(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    row = _row("first", 1.0, None, is_in_service=True)
    pass_checks(runtime, write_step(runtime.store(), "classifier", [row]))
    gate = gate_in_service(accepted_tables(runtime, run_id="run"), runtime.corpus)
    assert gate is not None and gate.threshold is None


def test_the_age_is_that_of_the_newest_hold_out_or_audit_answer_however_often_it_was_taken_over(
    tmp_path: Path,
) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    assert newest_audit_age_days(accepted_tables(runtime, run_id="run")) is None
    for batch, purpose, days in (("one", "hold_out", 9), ("two", "audit", 2), ("three", "query", 1)):
        answered_at = [datetime.now(UTC) - timedelta(days=days)]
        decided = {"step": "reviewed_labels", "batch": batch, "sample_id": "a", "decided_at": answered_at[0]}
        partition = {"step": "reviewed_labels", "batch": batch}
        ledger = store.write("ledger", table("ledger", [decided]), partition=partition, run_id="r", code_version="1")
        answers = [{"annotation_id": batch, "sample_id": "a", "purpose": purpose}]
        # The version is written now, as if the answers were taken over once more.
        version = write_step(
            store,
            "reviewed_labels",
            answers,
            batch,
            written_at=datetime.now(UTC),
            table_versions={"ledger": ledger.version},
        )
        pass_checks(runtime, version)
    assert newest_audit_age_days(accepted_tables(runtime, run_id="run")) == pytest.approx(2.0, abs=0.01)


def test_the_rival_of_a_version_learnt_from_the_same_given_labels() -> None:
    rows = [_row("plain", 1.0, None, is_in_service=False), _row("taught", 2.0, None, is_in_service=True)]
    given = [{**rows[0], "took_over": True}, {**rows[1], "given_labels": "tags"}]
    history = table("classifier", given)
    found = {name: rival_of(history, "next", "e-1", LearntBy(name)) for name in ("tags", "topics", None)}
    assert {name: row and row["classifier_version"] for name, row in found.items()} == {
        "tags": "taught",
        "topics": None,
        None: "plain",
    }


def test_a_setting_that_is_put_back_brings_the_version_of_before_back() -> None:
    rows = [_row("plain", 1.0, None, is_in_service=False), _row("named", 2.0, None, is_in_service=True)]
    history = table("classifier", [{**rows[0], "took_over": True}, {**rows[1], "with_class_names": True}])
    of_neighbours = LearntBy(model="neighbours")
    found = [rival_of(history, "next", "e-1", by) for by in (LearntBy(with_class_names=True), None, of_neighbours)]
    assert [row and row["classifier_version"] for row in found] == ["named", "plain", None]
