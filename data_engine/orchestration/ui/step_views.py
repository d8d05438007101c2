"""Views of step results in the Dagster UI: plots, montages and tables of clusters, one function per step.

A step hands over what its plots are drawn from as `StepResult.details`; how values are shown is in `metadata.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from data_engine.orchestration.ui.cluster_tables import cluster_metadata, cluster_plots
from data_engine.orchestration.ui.montages import montage_of_batch, montage_of_chosen, montages_of_verdicts
from data_engine.runtime.step_run import StepResult, StepRun

if TYPE_CHECKING:
    from data_engine.reporting import Plot


@dataclass(frozen=True)
class View:
    """Metadata and plots of one result: values and tables by name, plots and JPEG images by title."""

    metadata: Mapping[str, Any] = field(default_factory=dict)
    plots: "Mapping[str, Plot | bytes]" = field(default_factory=dict)


def view_of(step_run: StepRun, result: StepResult) -> View:
    """The view of a step's result; empty for steps without one."""
    view = _VIEWS.get(step_run.step)
    return View() if view is None else view(step_run, result)


def _raw_index(step_run: StepRun, result: StepResult) -> View:
    # Rows that were written in pieces are read again for this; those of texts have nothing to show.
    return View(plots=montage_of_batch(step_run.corpus, result.table) if step_run.corpus.samples.has_image else {})


def _first_pass(step_run: StepRun, result: StepResult) -> View:
    from data_engine import reporting

    montages = montages_of_verdicts(step_run, result.table) if step_run.corpus.samples.has_image else {}
    return View(plots={"verdicts": reporting.funnel_plot(result.details["verdicts"]), **montages})


def _cluster_tree(step_run: StepRun, result: StepResult) -> View:
    summaries = result.details["cluster summaries"]
    return View(cluster_metadata(step_run, summaries), cluster_plots(summaries))


def _balanced_subset(step_run: StepRun, result: StepResult) -> View:
    from data_engine import reporting

    compared = reporting.side_by_side(result.details["comparison"])
    plot = reporting.balance_plot(result.details["samples per top cluster"])
    return View({"methods side by side": compared}, {"balance": plot, **montage_of_chosen(step_run, result.table)})


def _classifier(_: StepRun, result: StepResult) -> View:
    from data_engine import reporting

    return View(plots={"calibration": reporting.reliability_plot(result.details["reliability"])})


def _proposals(_: StepRun, result: StepResult) -> View:
    from data_engine import reporting

    details = result.details
    return View(plots={"uncertainty": reporting.uncertainty_plot(details["uncertainty"], details["threshold"])})


def _quality_report(_: StepRun, result: StepResult) -> View:
    return View(plots=result.details["plots"])


_VIEWS: dict[str, Callable[[StepRun, StepResult], View]] = {
    "raw_index": _raw_index,
    "first_pass": _first_pass,
    "cluster_tree": _cluster_tree,
    "balanced_subset": _balanced_subset,
    "classifier": _classifier,
    "proposals": _proposals,
    "quality_report": _quality_report,
}
