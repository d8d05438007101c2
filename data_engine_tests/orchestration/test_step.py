"""A step as an asset: what the Launchpad offers, what stands before it in the lineage, and what is told of it."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import ValidationError
from small_project import write_notes
from written_steps import notes_runtime

from data_engine.orchestration.step import asset_arguments, build_step, launch_config
from data_engine.orchestration.ui.report_pages import ADDRESS
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import MADE_STEPS, STEPS
from data_engine.runtime.step_run import StepResult, StepRun


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    return notes_runtime(tmp_path, first_pass={"min_chars": 12, "rules": {"stop_words": 1}})


def _shown(_: StepRun, result: StepResult) -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": result.table.num_rows})


def _config(runtime: CorpusRuntime, step: str, **given: Any) -> dict[str, Any]:
    return launch_config(runtime, STEPS[step])(**given).model_dump()


def test_the_launchpad_shows_the_corpus_own_values_and_an_empty_overlay_of_rules(runtime: CorpusRuntime) -> None:
    assert _config(runtime, "first_pass") == {
        "min_chars": 12,
        "max_chars": 100_000,
        "min_letter_share": 0.3,
        "near_duplicate_similarity": 0.8,
        "near_duplicate_image_similarity": 0.97,
        "rules": {},
    }


def test_settings_have_the_description_and_the_bounds_of_the_yaml(runtime: CorpusRuntime) -> None:
    config = launch_config(runtime, STEPS["first_pass"])
    assert config.__name__ == "FirstPassConfig"
    assert config.model_fields["min_chars"].description == "Shortest text, in characters after trimming."
    assert _config(runtime, "first_pass", min_chars=0)["min_chars"] == 0
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        config(min_chars=-1)
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        config(min_letter_share=1.5)
    for similarity in (0, 1.5):
        with pytest.raises(ValidationError, match=r"(greater than 0|less than or equal to 1)"):
            config(near_duplicate_similarity=similarity)
    with pytest.raises(ValidationError, match="greater than 0"):
        launch_config(runtime, STEPS["drift_report"])(alarm_p=0)


def test_a_setting_that_may_be_off_may_be_off_in_a_run_too(runtime: CorpusRuntime) -> None:
    assert _config(runtime, "first_pass", near_duplicate_similarity=None)["near_duplicate_similarity"] is None
    off = notes_runtime(runtime.project_folder, first_pass={"near_duplicate_similarity": False})
    assert _config(off, "first_pass")["near_duplicate_similarity"] is None


def test_limits_of_rules_are_numbers_that_are_laid_over_those_of_the_corpus(runtime: CorpusRuntime) -> None:
    field = launch_config(runtime, STEPS["first_pass"]).model_fields["rules"]
    assert field.annotation == dict[str, float]
    assert str(field.description).endswith("What is given here is laid over the corpus' own for this run.")
    assert _config(runtime, "first_pass", rules={"stop_words": 2})["rules"] == {"stop_words": 2.0}


def test_switches_of_a_run_are_off_and_a_step_without_settings_offers_none(runtime: CorpusRuntime) -> None:
    assert _config(runtime, "cluster_tree") == {"rebuild": False}
    assert _config(runtime, "release") == {}


@pytest.mark.parametrize("step", MADE_STEPS)
def test_dagster_understands_the_configuration_of_every_step(runtime: CorpusRuntime, step: str) -> None:
    made = build_step(runtime, step, _shown)
    assert isinstance(made, dg.AssetsDefinition)
    fields = made.op.config_schema.config_type.fields  # type: ignore[union-attr]
    assert set(fields) == set(launch_config(runtime, STEPS[step]).model_fields)


def test_names_in_settings_are_text_to_dagster_with_what_each_of_them_means(runtime: CorpusRuntime) -> None:
    fields = launch_config(runtime, STEPS["balanced_subset"]).model_fields
    assert {name: fields[name].annotation for name in ("method", "strategy")} == {"method": str, "strategy": str}
    assert str(fields["method"].description).startswith("How they are chosen. balanced: ")


def test_what_a_step_reads_stands_before_it_all_partitions_of_it_where_the_step_has_none(
    runtime: CorpusRuntime,
) -> None:
    def deps(step: str) -> dict[str, bool]:
        """Whether all partitions are read, by step."""
        found = asset_arguments(runtime, STEPS[step])["deps"]
        return {dep.asset_key.path[-1]: isinstance(dep.partition_mapping, dg.AllPartitionMapping) for dep in found}

    assert deps("raw_index") == {}
    assert deps("embeddings") == {"first_pass": False, "raw_index": False}
    assert deps("cluster_tree") == {"embeddings": True, "raw_index": True}
    assert deps("drift_report") == {"embeddings": False, "cluster_tree": False, "first_pass": False}


def test_what_is_told_of_a_step_follows_from_the_plan(runtime: CorpusRuntime) -> None:
    told = asset_arguments(runtime, STEPS["first_pass"])
    assert told["key"] == dg.AssetKey(["notes", "first_pass"])
    assert told["group_name"] == "notes"
    assert told["pool"] == "notes_accepted"
    assert told["code_version"] == runtime.code_version("first_pass")
    assert told["partitions_def"].name == "notes_batches"
    assert asset_arguments(runtime, STEPS["embeddings"])["pool"] == "text_encoder"
    assert asset_arguments(runtime, STEPS["labels"])["pool"] is None
    columns = {column.name: column for column in told["metadata"]["dagster/column_schema"].columns}
    assert (columns["verdict"].type, columns["verdict"].description) == ("string", "kept or rejected")
    assert (columns["verdict"].constraints.nullable, columns["score"].constraints.nullable) == (False, True)


def test_what_something_outside_materializes_is_only_said_to_be_there(runtime: CorpusRuntime) -> None:
    made = build_step(runtime, "review_batches", _shown)
    assert isinstance(made, dg.AssetSpec)
    assert made.key == dg.AssetKey(["notes", "review_batches"])
    assert [dep.asset_key.path[-1] for dep in made.deps] == ["balanced_subset"]


def test_a_run_works_on_its_partition_with_its_own_settings(
    runtime: CorpusRuntime, instance: dg.DagsterInstance
) -> None:
    write_notes(runtime.project_folder / "source", "may", 5, 0)
    instance.add_dynamic_partitions("notes_batches", ["may.jsonl"])
    step = build_step(runtime, "raw_index", _shown)
    assert isinstance(step, dg.AssetsDefinition)

    def readable(max_bytes: int) -> list[bool]:
        config = {"ops": {"notes__raw_index": {"config": {"max_sample_bytes": max_bytes}}}}
        done = dg.materialize([step], instance=instance, partition_key="may.jsonl", run_config=config)
        (event,) = done.asset_materializations_for_node("notes__raw_index")
        is_readable: list[bool] = runtime.store().read("raw_index")["is_readable"].to_pylist()
        assert event.metadata["rows"].value == len(is_readable)
        return is_readable

    assert readable(1000) == [True] * 5
    # One row more says that the file gives nothing.
    assert readable(10) == [False] * 6


def test_the_report_is_a_link_in_what_the_ui_shows_of_its_asset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, url = notes_runtime(tmp_path), "http://127.0.0.1:5000/notes/report.html"
    monkeypatch.setenv(ADDRESS, "http://127.0.0.1:5000")
    shown = asset_arguments(runtime, STEPS["quality_report"])
    assert shown["description"].endswith(f"\n\n[Open the report]({url})")
    assert shown["metadata"]["open the report"] == dg.MetadataValue.url(url)
    assert "open the report" not in asset_arguments(runtime, STEPS["labels"])["metadata"]


def test_a_borrowed_model_stands_before_the_classifier_also_where_it_is_of_a_question(tmp_path: Path) -> None:
    labels = notes_runtime(tmp_path).corpus.labels.model_dump(include={"question", "classes"})
    for lender, key in (("songs", ["songs", "classifier"]), ("songs.tone", ["songs", "tone", "classifier"])):
        runtime = notes_runtime(tmp_path, labels={**labels, "propose_with": {"corpus": lender}})
        asset = build_step(runtime, "classifier", _shown)
        assert dg.AssetKey(key) in asset.dependency_keys
