from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from schema_tables import table
from small_project import SmallProject
from written_steps import notes_runtime

from data_engine.orchestration.ui.step_views import View, view_of
from data_engine.runtime.plan import MADE_STEPS
from data_engine.runtime.step_run import StepResult, StepRun, execute

PNG = b"\x89PNG"


def _result(rows: pa.Table, **details: Any) -> StepResult:
    return StepResult(rows, "d1", 0, 0.5, "tables/x", {}, rows, details)


def test_a_step_without_a_view_shows_nothing_more(tmp_path: Path) -> None:
    step_run = StepRun(notes_runtime(tmp_path), "labels", "", "run")
    assert view_of(step_run, _result(table("labels", []))) == View()


def test_of_texts_a_raw_index_shows_no_images(tmp_path: Path) -> None:
    step_run = StepRun(notes_runtime(tmp_path), "raw_index", "may", "run")
    assert view_of(step_run, _result(table("raw_index", [{}]))) == View()


def test_the_plots_of_a_quality_report_are_those_that_the_step_drew(tmp_path: Path) -> None:
    step_run = StepRun(notes_runtime(tmp_path), "quality_report", "", "run")
    assert view_of(step_run, _result(table("quality_report", []), plots={"funnel": PNG})).plots == {"funnel": PNG}


@pytest.mark.parametrize(
    ("step", "plots", "metadata"),
    [
        (
            "cluster_tree",
            {"sizes", "balance", "silhouettes"},
            {"largest clusters", "smallest clusters", "worst leaves"},
        ),
        ("balanced_subset", {"balance"}, {"methods side by side"}),
        ("classifier", {"calibration"}, set()),
        ("proposals", {"uncertainty"}, set()),
    ],
)
def test_what_a_step_hands_over_is_enough_for_its_plots_and_tables(
    finished: SmallProject, step: str, plots: set[str], metadata: set[str]
) -> None:
    assert step in MADE_STEPS
    view = view_of(*execute(finished.load().runtime("notes"), step, run_id="run"))
    assert set(view.plots) == plots
    assert metadata <= set(view.metadata)
    assert all(content.png().startswith(PNG) and content.text for content in view.plots.values())


def test_a_first_pass_shows_how_many_were_kept_and_why_the_others_were_not(finished: SmallProject) -> None:
    view = view_of(*execute(finished.load().runtime("notes"), "first_pass", "may.jsonl", run_id="run"))
    assert list(view.plots) == ["verdicts"]
    assert view.plots["verdicts"].png().startswith(PNG)
