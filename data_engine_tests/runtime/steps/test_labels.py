from small_project import SmallProject

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
