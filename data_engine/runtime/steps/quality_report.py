"""quality_report: how good all of it is - every figure with its interval, and one page for people."""

from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.runtime.corpus_runtime import CorpusRuntime, in_order
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.versions import step_versions

_TABLES = (
    "raw_index",
    "first_pass",
    "cluster_tree",
    "tree_assignments",
    "cluster_portraits",
    "tree_explanation",
    "balanced_subset",
    "semantic_duplicates",
    "subset_comparison",
    "classifier",
    "proposals",
    "reviewed_labels",
    "labels",
    "drift_report",
)

#: Of the widest tables, the columns that the report looks at; sketches and signals stay on disk.
_COLUMNS = {"first_pass": ("sample_id", "uri", "verdict", "reason", "score", "threshold", "duplicate_of")}


def quality_report(runtime: CorpusRuntime) -> dg.AssetsDefinition:
    """The quality report of a corpus."""

    @dg.asset(
        **runtime.asset(
            "quality_report",
            description="Every figure with its 90 % interval, unit and how it was computed; and one self-contained "
            "HTML page: funnel, balance, label quality, gate, rounds, drift, examples.",
            deps=["labels", "balanced_subset", "drift_report"],
            kinds=("html",),
        )
    )
    def quality_report(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from data_engine import reporting

        step_run = StepRun.begin(runtime, context, "quality_report")
        step_run.read("labels", columns=["sample_id"])
        step_run.read("balanced_subset", columns=["sample_id"])
        step_run.read_accepted("drift_report", columns=["batch"])
        tables = {name: step_run.store.read(name, columns=_COLUMNS.get(name)) for name in _TABLES}
        metrics = reporting.build_quality_report(runtime.corpus, tables)
        seconds, versions = _provenance(step_run)
        plots = reporting.report_plots(runtime.corpus, tables, seconds)
        page = reporting.render_report(runtime.corpus, tables, metrics, plots, seconds, versions)
        path = step_run.write_text("reports", "report.html", text=page)
        return step_run.finish(
            metrics,
            metadata={"report": dg.MetadataValue.path(str(path)), **_headline(metrics)},
            plots={name: plots[name] for name in ("funnel", "balance") if name in plots},
        )

    return quality_report


def _provenance(step_run: StepRun) -> tuple[dict[str, float], dict[str, str]]:
    """Seconds per step in their order, and the version of every table, of this corpus so far."""
    seconds: dict[str, float] = {}
    for (step, _), version in step_versions(step_run.store).items():
        seconds[step] = seconds.get(step, 0.0) + version.seconds
    versions = {
        name: f"table version {step_run.store.version(name)}" for name in _TABLES if step_run.store.exists(name)
    }
    return in_order(seconds), versions


def _headline(metrics: pa.Table) -> dict[str, Any]:
    funnel = metrics.filter(pc.equal(metrics["metric"], "funnel"))
    return {f"funnel {row['scope']}": int(row["value"]) for row in funnel.to_pylist()}
