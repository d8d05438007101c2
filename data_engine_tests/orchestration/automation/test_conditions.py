"""What Dagster's automation asks for by itself, what it leaves alone, and what it shows as stale."""

from collections.abc import Callable

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from small_project import SmallProject, notes_corpus, write_notes
from ticking import QUIET

from data_engine.orchestration.pipeline import STEPS

BATCHES = ("may.jsonl", "june.jsonl")


class Automation:
    """Dagster's declarative automation over several ticks, on the steps alone."""

    def __init__(self, project: SmallProject, instance: dg.DagsterInstance) -> None:
        loaded = project.load()
        self.definitions, self.runtime, self.instance = loaded.definitions, loaded.runtime("notes"), instance
        self._cursor = dg.evaluate_automation_conditions(self.definitions, instance).cursor

    def tick(self) -> dict[str, set[str | None]]:
        """The partitions that are asked for, by step."""
        result = dg.evaluate_automation_conditions(self.definitions, self.instance, cursor=self._cursor)
        self._cursor = result.cursor
        asked = {step.__name__: result.get_requested_partitions(self.runtime.key(step.__name__)) for step in STEPS}
        return {step: set(partitions) for step, partitions in asked.items() if partitions}

    def run(self, job: str, *steps: str, batch: str | None = None) -> bool:
        """Run steps of a job, with their checks. Returns: whether the run succeeded."""
        selection = [self.runtime.key(step) for step in steps]
        result = self.definitions.resolve_job_def(self.runtime.name(job)).execute_in_process(
            instance=self.instance,
            partition_key=batch,
            asset_selection=selection,
            run_config=QUIET,
            raise_on_error=False,
        )
        return result.success


@pytest.fixture
def automation(notes: SmallProject, instance: dg.DagsterInstance) -> Automation:
    """The corpus `notes`, whose batch june cannot be read."""
    (notes.folder / "source" / "june.jsonl").write_text("\n".join(["{broken"] * 50), "utf-8")
    notes.add(notes_corpus(notes.folder / "source", subset={"target_size": 60}))
    instance.add_dynamic_partitions("notes_batches", [*BATCHES, "july.jsonl"])
    return Automation(notes, instance)


def test_a_quarantined_batch_goes_no_further_while_another_is_asked_for(automation: Automation) -> None:
    assert automation.run("ingest", "raw_index", batch="may.jsonl")
    assert not automation.run("ingest", "raw_index", batch="june.jsonl")
    assert automation.tick() == {"first_pass": {"may.jsonl"}}
    assert automation.tick() == {}


def test_the_tree_is_asked_for_although_one_batch_is_quarantined(automation: Automation, notes: SmallProject) -> None:
    assert not automation.run("ingest", "raw_index", batch="june.jsonl")
    assert automation.run("ingest", "raw_index", "first_pass", "embeddings", batch="may.jsonl")
    assert automation.tick() == {"cluster_tree": {None}}
    assert automation.run("curate", "cluster_tree", "balanced_subset")
    assert set(automation.tick()) == {"drift_report"}

    assert automation.run("ingest", "raw_index", "first_pass", "embeddings", batch="july.jsonl")
    asked = automation.tick()
    assert asked["cluster_tree"] == {None}
    assert "first_pass" not in asked
    assert automation.tick() == {}

    write_notes(notes.folder / "source", "june", 120, 1)
    assert automation.run("ingest", "raw_index", batch="june.jsonl")
    assert automation.tick() == {"first_pass": {"june.jsonl"}}


def test_a_blocking_check_holds_back_what_follows_in_the_same_run(automation: Automation) -> None:
    assert not automation.run("ingest", "raw_index", "first_pass", "embeddings", batch="june.jsonl")
    store = automation.runtime.store()
    assert store.read("raw_index").num_rows > 0
    assert store.read("first_pass").num_rows == 0
    assert store.read("embeddings").num_rows == 0


def test_the_conditions_are_those_of_the_design(notes: SmallProject) -> None:
    loaded = notes.load()
    graph, key = loaded.definitions.resolve_asset_graph(), loaded.runtime("notes").key
    conditions = {step.__name__: graph.get(key(step.__name__)).automation_condition for step in STEPS}
    gates_hold = dg.AutomationCondition.all_deps_blocking_checks_passed()
    assert {step for step, condition in conditions.items() if condition is None} == {"raw_index", "reviewed_labels"}
    for step in ("first_pass", "embeddings", "drift_report"):
        assert conditions[step] == dg.AutomationCondition.eager() & gates_hold
    over_all_batches = (
        dg.AutomationCondition.any_deps_updated().since_last_handled()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
        & gates_hold
    )
    for step in ("cluster_tree", "balanced_subset", "classifier", "proposals", "labels", "quality_report", "release"):
        assert conditions[step] == over_all_batches


@pytest.fixture
def stale_status(finished: SmallProject) -> Callable[[str], StaleStatus]:
    """What Dagster's UI shows of a step of a finished run, after its YAML file was read again."""

    def status(step: str) -> StaleStatus:
        loaded = finished.load()
        with dg.DagsterInstance.get() as instance:
            resolver = CachingStaleStatusResolver(
                instance, loaded.definitions.resolve_asset_graph(), LoadingContextForTest(instance)
            )
            return resolver.get_status(loaded.runtime("notes").key(step))

    return status


def test_changed_configuration_shows_as_stale_and_a_second_run_as_fresh(
    finished: SmallProject, stale_status: Callable[[str], StaleStatus]
) -> None:
    assert stale_status("balanced_subset") is StaleStatus.FRESH
    yaml_file = finished.add(notes_corpus(finished.folder / "source", subset={"target_size": 150}))
    try:
        assert stale_status("balanced_subset") is StaleStatus.STALE
        assert stale_status("cluster_tree") is StaleStatus.FRESH
        loaded = finished.load()
        with dg.DagsterInstance.get() as instance:
            loaded.definitions.resolve_job_def("notes_curate").execute_in_process(
                instance=instance, asset_selection=[loaded.runtime("notes").key("balanced_subset")], run_config=QUIET
            )
        assert stale_status("balanced_subset") is StaleStatus.FRESH
    finally:
        assert finished.add(notes_corpus(finished.folder / "source")) == yaml_file
