from datetime import UTC, datetime

from small_project import SmallProject

from data_engine.runtime.check_gate import run_checks
from data_engine.runtime.step_run import execute


def test_every_chosen_sample_has_a_label_or_waits_and_the_ledger_says_which(finished: SmallProject) -> None:
    runtime = finished.load().runtime("notes")
    _, result = execute(runtime, "labels", run_id="again")
    chosen = set(runtime.store().read("balanced_subset")["sample_id"].to_pylist())
    labelled = {row["sample_id"]: row for row in result.table.to_pylist()}
    decided = {
        row["sample_id"]: row for row in runtime.store().read("ledger", partition={"step": "labels"}).to_pylist()
    }
    assert set(labelled) <= set(decided) == chosen
    assert {row["run_id"] for row in decided.values()} == {"again"}
    for sample_id, row in decided.items():
        label = labelled.get(sample_id)
        assert row["verdict"] == ("waiting" if label is None else "labelled")
        if label is not None:
            assert row["reason"] == f"{label['label']} by {label['provenance']}"
    assert result.metadata["waiting for a person"] == len(chosen) - len(labelled)
    by_maker = [n for name, n in result.metadata.items() if name.startswith("provenance ")]
    assert sum(by_maker) == len(labelled)


def test_a_reviewers_decision_is_the_label_from_the_answers_to_the_classifier(finished: SmallProject) -> None:
    runtime = finished.load().runtime("notes")
    before = {row["sample_id"]: row for row in runtime.store().read("labels").to_pylist()}
    with runtime.queue() as queue:
        (batch, *_) = [each.batch_id for each in queue.batches("notes")]
        asked = {row["sample_id"]: row for row in queue.answers(batch).to_pylist() if row["purpose"] == "hold_out"}
        sample_id = min(asked.keys() & before.keys())
        other = "trains" if before[sample_id]["label"] != "trains" else "baking"
        assert before[sample_id]["provenance"] == "simulated"
        queue.decide(batch, sample_id, other, by="eve", now=datetime.now(UTC))
    for step, of_batch in (("reviewed_labels", batch), ("classifier", ""), ("proposals", ""), ("labels", "")):
        _, result = execute(runtime, step, of_batch, run_id="after")
        assert all(found.passed for found in run_checks(runtime, runtime.store(), step, of_batch, run_id="after"))
        if step == "classifier":
            # The sample stays in the hold-out, which nobody trains on, with its new label.
            assert result.table["n_hold_out"].to_pylist()[-1] == len(asked)
    decided = {row["sample_id"]: row for row in result.table.to_pylist()}
    row = decided.pop(sample_id)
    assert (row["label"], row["provenance"], row["posterior"]) == (other, "adjudicated", 1.0)
    assert all(each["provenance"] != "adjudicated" for each in decided.values())
