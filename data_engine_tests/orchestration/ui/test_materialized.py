from pathlib import Path

import dagster as dg
from schema_tables import table
from written_steps import notes_runtime

from data_engine.orchestration.ui.materialized import materialized
from data_engine.runtime.step_run import StepResult, StepRun


def test_dagster_is_told_the_data_version_counts_preview_metadata_and_plots(tmp_path: Path) -> None:
    rows = table("quality_report", [{"metric": "funnel", "scope": "raw"}])
    step_run = StepRun(notes_runtime(tmp_path), "quality_report", "", "run")
    metadata = {"report": Path("/a/report.html"), "rounds": 2}
    result = StepResult(rows, "d1", 4, 1.23456, "tables/quality_report", metadata, rows, {"plots": {"funnel": b"PNG"}})
    told = materialized(step_run, result)
    assert told.data_version == dg.DataVersion("d1")
    assert told.metadata is not None
    preview = told.metadata.pop("preview")  # type: ignore[attr-defined]
    assert isinstance(preview, dg.TableMetadataValue)
    assert preview.records[0].data["metric"] == "funnel"
    lineage = told.metadata.pop("dagster/column_lineage")  # type: ignore[attr-defined]
    assert lineage.deps_by_column.keys() >= {"metric", "value"}
    assert told.metadata == {
        "dagster/row_count": 1,
        "dagster/uri": "tables/quality_report",
        "table version": 4,
        "seconds": 1.23,
        "report": dg.MetadataValue.path("/a/report.html"),
        "rounds": 2,
        "funnel": dg.MetadataValue.md("![funnel](data:image/png;base64,UE5H)"),
    }
