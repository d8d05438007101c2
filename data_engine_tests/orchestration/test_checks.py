from pathlib import Path

import dagster as dg
import pytest
from ticking import QUIET
from written_steps import notes_runtime, write_step

from data_engine.orchestration.checks import build_checks, shown
from data_engine.quality import CHECKS
from data_engine.quality.checks import CheckResult


def test_a_check_says_its_sentence_holds_back_if_it_blocks_and_has_the_partitions_of_its_step(tmp_path: Path) -> None:
    specs = {spec.name: spec for spec in build_checks(notes_runtime(tmp_path), "raw_index").check_specs}
    assert list(specs) == [check.name for check in CHECKS["raw_index"]]
    assert specs["has_samples"].blocking
    assert specs["has_samples"].description == "The batch holds at least one raw sample."
    assert not specs["every_metadata_is_an_object"].blocking
    assert specs["has_samples"].asset_key == dg.AssetKey(["notes", "raw_index"])


@pytest.mark.parametrize(
    ("is_blocking", "severity"), [(True, dg.AssetCheckSeverity.ERROR), (False, dg.AssetCheckSeverity.WARN)]
)
def test_a_result_is_told_with_its_offending_rows(is_blocking: bool, severity: dg.AssetCheckSeverity) -> None:
    result = CheckResult("small", False, is_blocking, "2 are large", 2, ("a", "b"))
    assert shown(result) == {
        "check_name": "small",
        "passed": False,
        "severity": severity,
        "description": "2 are large",
        "metadata": {"offending": 2, "examples": "a\nb"},
    }
    held = CheckResult("small", True, is_blocking, "none", 0, ())
    assert shown(held)["metadata"] == {"offending": 0, "examples": "none"}


def test_the_checks_of_a_step_run_on_what_is_in_its_table(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "cluster_tree", [{"level": 1, "n_samples": 1}])
    checks = build_checks(runtime, "cluster_tree")
    asset = dg.AssetSpec(dg.AssetKey(["notes", "cluster_tree"]))
    job = dg.Definitions(
        [asset], asset_checks=[checks], jobs=[dg.define_asset_job("check", dg.AssetSelection.checks(checks))]
    ).resolve_job_def("check")
    done = job.execute_in_process(instance=instance, raise_on_error=False, run_config=QUIET)
    evaluated = {evaluation.check_name for evaluation in done.get_asset_check_evaluations()}
    assert evaluated == {check.name for check in CHECKS["cluster_tree"]}
    kept = runtime.store().read("check_results", columns=["run_id", "check"]).to_pylist()
    assert {(row["run_id"], row["check"]) for row in kept} == {(done.run_id, name) for name in evaluated}
