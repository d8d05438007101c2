"""A step's result as a `dg.MaterializeResult`: data version, counts, preview, metadata and plots.

What is drawn for each step is in `step_views.py`, how single values are shown in `metadata.py`.
"""

from typing import TYPE_CHECKING, Any

import dagster as dg

from data_engine.orchestration.lineage.open_lineage import emit
from data_engine.orchestration.lineage.step_columns import lineage_of_step, sources_of_step
from data_engine.orchestration.names import asset_key
from data_engine.orchestration.ui.metadata import image, preview, shown_value
from data_engine.orchestration.ui.step_views import view_of
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas import SCHEMAS

if TYPE_CHECKING:
    from data_engine.reporting import Plot


def materialized(step_run: StepRun, result: StepResult) -> dg.MaterializeResult:
    """The result of a step as Dagster takes it."""
    view = view_of(step_run, result)
    types = {field.name: str(field.type) for field in SCHEMAS[step_run.step]}
    sources = sources_of_step(step_run.runtime, step_run.step)
    key = asset_key(step_run.runtime, step_run.step)
    emit(key.path, types, sources, run_id=step_run.run_id, n_rows=result.rows.num_rows)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(result.data_version),
        metadata={
            "dagster/row_count": result.rows.num_rows,
            "dagster/uri": result.uri,
            "table version": result.table_version,
            "seconds": round(result.seconds, 2),
            "preview": preview(result.preview),
            "dagster/column_lineage": lineage_of_step(step_run.runtime, step_run.step),
            **{name: shown_value(value) for name, value in {**result.metadata, **view.metadata}.items()},
            **{title: _image(content, title) for title, content in view.plots.items()},
        },
    )


def _image(content: "Plot | bytes", title: str) -> Any:
    """A plot with the text of what it shows, or an image."""
    return image(content, title) if isinstance(content, bytes) else image(content.png(), content.text)
