"""Backfills of chosen batches: from the command line, and from GraphQL as the UI does it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import MockedRunLauncher, instance_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster_graphql.client.query import LAUNCH_PARTITION_BACKFILL_MUTATION
from dagster_graphql.test.utils import execute_dagster_graphql
from small_project import SmallProject

from data_engine.cli import main
from data_engine.runtime.plan import JOBS
from data_engine.runtime.versions import step_versions

# Dagster's workspace reads a property of its own that it calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")


def test_the_command_ingests_the_chosen_batches_again_also_when_they_are_not_stale(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(finished.folder))
    before = step_versions(finished.load().runtime("notes").store())
    done = CliRunner().invoke(main, ["backfill", "notes", "--batches", "may.jsonl, july.jsonl"])
    assert done.exit_code == 0, done.output
    after = step_versions(finished.load().runtime("notes").store())
    again = {key for key, version in after.items() if version.written_at != before[key].written_at}
    assert again == {(step, batch) for step in JOBS["ingest"] for batch in ("may.jsonl", "july.jsonl")}


def test_batches_side_by_side_leave_the_same_rows_as_one_after_the_other(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(finished.folder))
    store = finished.load().runtime("notes").store()
    before = step_versions(store)
    done = CliRunner().invoke(main, ["backfill", "notes", "--batches", "all", "--processes", "2"])
    assert done.exit_code == 0, done.output
    assert [line.split()[:3] for line in done.output.splitlines()] == [
        ["ok", "ingest", f"{batch}.jsonl"] for batch in ("july", "june", "may")
    ]
    after = step_versions(store)
    again = {key for key, version in after.items() if version.written_at != before[key].written_at}
    assert again == {(s, b) for s, b in before if s in JOBS["ingest"]}
    assert {key: after[key].n_rows for key in before} == {key: before[key].n_rows for key in before}
    assert after["embeddings", "may.jsonl"].data_version == before["embeddings", "may.jsonl"].data_version


def test_the_command_refuses_a_batch_that_the_source_does_not_have(
    notes: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))
    done = CliRunner().invoke(main, ["backfill", "notes", "--batches", "may.jsonl,march.jsonl"])
    assert done.exit_code == 1
    assert "the source has no batches ['march.jsonl']" in done.output
    assert "Traceback" not in done.output


@pytest.fixture
def workspace(notes: SmallProject) -> Iterator[WorkspaceProcessContext]:
    """The loaded definitions as the web server has them, in this process; runs are noted and not launched."""
    (notes.folder / notes.module / "definitions.py").write_text(
        "from pathlib import Path\n"
        "import dagster as dg\n\n\n"
        "@dg.definitions\n"
        "def defs():\n"
        "    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)\n",
        "utf-8",
    )
    launcher = {"module": MockedRunLauncher.__module__, "class": MockedRunLauncher.__name__}
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(module_name=f"{notes.module}.definitions", working_directory=str(Path(notes.folder))),
        location_name=notes.folder.name,
    )
    with (
        instance_for_test(overrides={"run_launcher": launcher}) as instance,
        WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as context,
    ):
        instance.add_dynamic_partitions("notes_batches", ["may.jsonl", "june.jsonl", "july.jsonl"])
        yield context


def _launch(workspace: WorkspaceProcessContext, partitions: list[str]) -> dict[str, str]:
    location = workspace.create_request_context().code_location_names[0]
    selector = {
        "partitionSetName": "notes_ingest_partition_set",
        "repositorySelector": {"repositoryLocationName": location, "repositoryName": "__repository__"},
    }
    parameters = {"backfillParams": {"selector": selector, "partitionNames": partitions}}
    request = workspace.create_request_context()
    return dict(execute_dagster_graphql(request, LAUNCH_PARTITION_BACKFILL_MUTATION, parameters).data)[
        "launchPartitionBackfill"
    ]


def test_graphql_launches_one_ingestion_per_chosen_batch(workspace: WorkspaceProcessContext) -> None:
    launched = _launch(workspace, ["may.jsonl", "july.jsonl"])
    assert launched["__typename"] == "LaunchBackfillSuccess"
    errors = list(execute_backfill_iteration(workspace, logging.getLogger("backfill")))
    assert [error for error in errors if error is not None] == []
    runs = workspace.instance.get_runs(filters=dg.RunsFilter(tags={"dagster/backfill": launched["backfillId"]}))
    assert {run.job_name for run in runs} == {"notes_ingest"}
    assert sorted(run.tags["dagster/partition"] for run in runs) == ["july.jsonl", "may.jsonl"]


def test_graphql_names_a_batch_that_is_no_partition(workspace: WorkspaceProcessContext) -> None:
    refused = _launch(workspace, ["march.jsonl"])
    assert refused["__typename"] == "PartitionKeysNotFoundError"
    assert "march.jsonl" in refused["message"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("concurrency:\n  runs:\n    max_concurrent_runs: two\n", 'max_concurrent_runs. Value "two" of type'),
        ("run_coordinator: {module: dagster, class: Nowhere}\n", "Couldn't find class Nowhere"),
        ("sensors: [1\n", "while parsing a flow sequence"),
    ],
    ids=["a value", "a class", "no YAML"],
)
def test_a_dagster_yaml_that_cannot_be_used_is_one_sentence_with_the_file(
    text: str, why: str, notes: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dagster.yaml").write_text(text, "utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))
    done = CliRunner().invoke(main, ["run", "notes"])
    assert done.exit_code == 1
    assert done.output.splitlines()[-1].startswith(f"Error: {tmp_path / 'dagster.yaml'} cannot be used: ")
    assert why in done.output
    assert done.output.rstrip().endswith("mend the entry, then run the command again")
