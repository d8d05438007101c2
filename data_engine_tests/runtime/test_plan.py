"""The plan: what follows from it, and that it agrees with schemas, suites, step files and SQL sources."""

from pathlib import Path

import pytest
import yaml

from data_engine.errors import InvalidInput
from data_engine.quality import CHECKS, TABLES
from data_engine.runtime import plan
from data_engine.runtime.plan import BATCH_STEPS, JOBS, MADE_STEPS, PLAN, STEPS, WRITTEN_BY, in_order
from data_engine.schemas import PARTITION_COLUMNS, SCHEMAS

PACKAGE = Path(plan.__file__).resolve().parents[1]
BOOKKEEPING = {
    "ledger",
    "check_results",
    "step_versions",
    "accepted_versions",
    "model_promotions",
    "mask_networks",
    "alarms",
}


def test_seconds_are_told_in_the_order_of_the_steps_and_what_is_no_step_comes_last() -> None:
    seconds = {"checks": 1.0, "release": 2.0, "raw_index": 3.0, "cluster_tree": 4.0, "review": 5.0}
    assert list(in_order(seconds).items()) == [
        ("raw_index", 3.0),
        ("cluster_tree", 4.0),
        ("release", 2.0),
        ("checks", 1.0),
        ("review", 5.0),
    ]


def test_every_table_of_the_plan_has_a_schema_and_every_schema_a_step() -> None:
    assert set(WRITTEN_BY) == set(SCHEMAS) - BOOKKEEPING


@pytest.mark.parametrize("step", MADE_STEPS)
def test_the_partition_of_a_step_is_the_column_that_its_table_is_replaced_by(step: str) -> None:
    spec = STEPS[step]
    assert PARTITION_COLUMNS.get(step, ()) == ((spec.partition,) if spec.partition else ())
    assert not {table for table in spec.tables[1:] if table in PARTITION_COLUMNS}


@pytest.mark.parametrize("step", MADE_STEPS)
def test_a_step_has_a_file_with_a_function_of_its_name_and_a_suite(step: str) -> None:
    assert f"def {step}(step_run: StepRun) -> StepResult:" in (PACKAGE / "runtime" / "steps" / f"{step}.py").read_text()
    assert CHECKS[step]
    assert TABLES[step]


def test_there_is_no_step_file_and_no_suite_that_the_plan_does_not_have() -> None:
    files = {path.stem for path in (PACKAGE / "runtime" / "steps").glob("*.py")} - {"__init__"}
    assert files == set(MADE_STEPS)
    assert set(CHECKS) == set(MADE_STEPS)


def test_a_step_reads_only_steps_of_the_plan_and_none_that_reads_it_in_turn() -> None:
    reads = {spec.name: set(spec.reads) for spec in PLAN}
    assert set().union(*reads.values()) <= set(STEPS)
    done: set[str] = set()
    while reads:
        free = {step for step, needed in reads.items() if needed <= done}
        assert free, f"a circle among {sorted(reads)}"
        done |= free
        reads = {step: needed for step, needed in reads.items() if step not in free}


def test_jobs_hold_the_steps_of_the_plan_in_its_order() -> None:
    assert JOBS["ingest"][:4] == ("raw_index", "first_pass", "embeddings", "drift_report")
    assert BATCH_STEPS[:3] == ("raw_index", "first_pass", "embeddings")
    assert set(JOBS["ingest"]) - set(BATCH_STEPS) == {"drift_report"}
    assert all(
        JOBS[job] == tuple(spec.name for spec in PLAN if spec.job == job) for job in {s.job for s in PLAN} - {""}
    )
    assert JOBS["retrain"] == (*JOBS["curate"], *JOBS["learn"])
    assert JOBS["refresh"] == (*JOBS["curate"], *JOBS["learn"], *JOBS["publish"])
    assert {step for steps in JOBS.values() for step in steps} == set(MADE_STEPS)


def test_the_tables_of_a_step_are_known_to_the_sql_models() -> None:
    sources = yaml.safe_load((PACKAGE.parent / "dbt_like_sql" / "models" / "sources.yml").read_text("utf-8"))
    named = {table["name"] for source in sources["sources"] for table in source["tables"]}
    assert set(MADE_STEPS) <= named


def test_an_unknown_step_is_answered_with_the_steps_there_are() -> None:
    with pytest.raises(InvalidInput, match="there is no step 'curate'; the plan has raw_index, first_pass"):
        plan.spec_of("curate")


def test_a_corpus_without_labels_has_every_step_but_those_of_labels() -> None:
    left_out = ["review_batches", "reviewed_labels", "classifier", "proposals", "labels"]
    assert [step for step, spec in STEPS.items() if spec.needs_labels] == left_out
