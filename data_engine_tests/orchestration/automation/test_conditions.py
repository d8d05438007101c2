"""What Dagster's automation asks for by itself, what it leaves alone, and what it shows as stale."""

from collections.abc import Callable

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from small_project import SmallProject, notes_corpus, write_notes
from ticking import QUIET

from data_engine.orchestration.names import asset_key, corpus_name
from data_engine.runtime.plan import BATCH_STEPS, MADE_STEPS, PLAN, STEPS

BATCHES = ("may.jsonl", "june.jsonl")

#: What a batch of the raw index starts.
AFTER_RAW_INDEX = [spec.name for spec in PLAN if spec.inputs == ("raw_index",)]


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
        asked = {step: result.get_requested_partitions(asset_key(self.runtime, step)) for step in MADE_STEPS}
        return {step: set(partitions) for step, partitions in asked.items() if partitions}

    def run(self, job: str, *steps: str, batch: str | None = None) -> bool:
        """Run steps of a job, with their checks. Returns: whether the run succeeded."""
        selection = [asset_key(self.runtime, step) for step in steps]
        result = self.definitions.resolve_job_def(corpus_name(self.runtime, job)).execute_in_process(
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
    assert AFTER_RAW_INDEX[0] == "first_pass"
    assert automation.tick() == {step: {"may.jsonl"} for step in AFTER_RAW_INDEX}
    assert automation.tick() == {}


def test_the_tree_is_asked_for_although_one_batch_is_quarantined(automation: Automation, notes: SmallProject) -> None:
    assert not automation.run("ingest", "raw_index", batch="june.jsonl")
    assert automation.run("ingest", *BATCH_STEPS, batch="may.jsonl")
    assert automation.tick() == {"cluster_tree": {None}}
    assert automation.run("curate", "cluster_tree", "balanced_subset")
    assert set(automation.tick()) == {"drift_report"}

    assert automation.run("ingest", *BATCH_STEPS, batch="july.jsonl")
    asked = automation.tick()
    assert asked["cluster_tree"] == {None}
    assert "first_pass" not in asked
    assert automation.tick() == {}

    write_notes(notes.folder / "source", "june", 120, 1)
    assert automation.run("ingest", "raw_index", batch="june.jsonl")
    assert automation.tick() == {step: {"june.jsonl"} for step in AFTER_RAW_INDEX}


def test_a_blocking_check_holds_back_what_follows_in_the_same_run(automation: Automation) -> None:
    assert not automation.run("ingest", "raw_index", "first_pass", "embeddings", batch="june.jsonl")
    store = automation.runtime.store()
    assert store.read("raw_index").num_rows > 0
    assert store.read("first_pass").num_rows == 0
    assert store.read("embeddings").num_rows == 0


def test_the_conditions_are_those_of_the_design(notes: SmallProject) -> None:
    loaded = notes.load()
    graph, runtime = loaded.definitions.resolve_asset_graph(), loaded.runtime("notes")
    conditions = {step: graph.get(asset_key(runtime, step)).automation_condition for step in MADE_STEPS}
    checks_hold = dg.AutomationCondition.all_deps_blocking_checks_passed()
    of_a_batch = dg.AutomationCondition.eager() & checks_hold
    over_all_batches = (
        dg.AutomationCondition.any_deps_updated().since_last_handled()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
        & checks_hold
    )

    def without_lookups(condition: dg.AutomationCondition, step: str) -> dg.AutomationCondition:
        keys = [asset_key(runtime, name) for name in STEPS[step].lookups]
        return condition.ignore(dg.AssetSelection.assets(*keys)) if keys else condition

    assert {step for step, condition in conditions.items() if condition is None} == {"raw_index", "reviewed_labels"}
    for step in ("first_pass", "embeddings", "drift_report"):
        assert conditions[step] == without_lookups(of_a_batch, step)
    for step in ("cluster_tree", "balanced_subset", "classifier", "proposals", "labels", "quality_report", "release"):
        assert conditions[step] == without_lookups(over_all_batches, step)


def test_what_is_only_looked_up_is_in_the_lineage_and_starts_nothing(automation: Automation) -> None:
    graph = automation.definitions.resolve_asset_graph()
    parents = graph.get(asset_key(automation.runtime, "cluster_tree")).parent_keys
    assert parents == {asset_key(automation.runtime, step) for step in ("embeddings", "raw_index")}
    assert automation.run("ingest", "raw_index", "first_pass", "embeddings", batch="may.jsonl")
    assert automation.run("curate", "cluster_tree", "balanced_subset")
    automation.tick()
    assert automation.run("ingest", "raw_index", batch="may.jsonl")
    assert "cluster_tree" not in automation.tick()


@pytest.fixture
def stale_status(finished: SmallProject) -> Callable[[str], StaleStatus]:
    """What Dagster's UI shows of a step of a finished run, after its YAML file was read again."""

    def status(step: str) -> StaleStatus:
        loaded = finished.load()
        with dg.DagsterInstance.get() as instance:
            resolver = CachingStaleStatusResolver(
                instance, loaded.definitions.resolve_asset_graph(), LoadingContextForTest(instance)
            )
            return resolver.get_status(asset_key(loaded.runtime("notes"), step))

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
                instance=instance,
                asset_selection=[asset_key(loaded.runtime("notes"), "balanced_subset")],
                run_config=QUIET,
            )
        assert stale_status("balanced_subset") is StaleStatus.FRESH
    finally:
        assert finished.add(notes_corpus(finished.folder / "source")) == yaml_file


def test_each_corpus_has_a_sensor_of_its_own_for_its_own_assets_and_all_names_begin_alike(notes: SmallProject) -> None:
    notes.add(notes_corpus(notes.folder / "source", name="letters"))
    definitions = notes.load().definitions
    repository = definitions.get_repository_def()
    graph = definitions.resolve_asset_graph()
    for corpus in ("notes", "letters"):
        sensor = repository.get_sensor_def(f"{corpus}_automation")
        assert isinstance(sensor, dg.AutomationConditionSensorDefinition)
        chosen = sensor.asset_selection.resolve(graph)
        assert {key.path[0] for key in chosen} == {corpus}
        assert chosen == {key for key in graph.materializable_asset_keys if key.path[0] == corpus}
    names = {sensor.name: sensor.tags for sensor in repository.sensor_defs} | {
        schedule.name: schedule.tags for schedule in repository.schedule_defs
    }
    assert "default_automation_condition_sensor" not in names
    assert len(names) == 16
    for name, tags in names.items():
        assert name.startswith(f"{tags['corpus']}_")
