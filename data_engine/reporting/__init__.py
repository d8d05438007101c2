"""Reports for people: metrics with intervals, plots and the HTML report.

The data card is in `data_engine.releasing`, the output of commands in `data_engine.terminal`.
"""

from data_engine.reporting.annotation_stages import carried_masks_of, class_stages_of, stages_of
from data_engine.reporting.columns_on_demand import ColumnsOnDemand
from data_engine.reporting.html.report import FailedCheck, render_report
from data_engine.reporting.metrics.decider_costs import decider_costs
from data_engine.reporting.metrics.known_labels import (
    has_truth,
    known_classes,
    known_label_of,
    known_objects,
    remarks_on_known_labels,
    truth_of,
)
from data_engine.reporting.metrics.method_comparison import side_by_side
from data_engine.reporting.metrics.report_metrics import build_quality_report
from data_engine.reporting.plots.metric_plots import (
    balance_plot,
    cluster_sizes_plot,
    drift_plot,
    funnel_plot,
    reliability_plot,
    seconds_plot,
    uncertainty_plot,
)
from data_engine.reporting.plots.plot_style import Plot
from data_engine.reporting.plots.report_plots import report_plots
from data_engine.reporting.plots.tree_plots import lorenz_curve, lorenz_plot, silhouette_plot
from data_engine.reporting.questions import (
    ReportedQuestion,
    metrics_of_corpus,
    metrics_of_question,
    simulation_of_questions,
    with_questions,
)
from data_engine.reporting.sample_text import Shown, shown_samples

__all__ = [
    "ColumnsOnDemand",
    "FailedCheck",
    "Plot",
    "ReportedQuestion",
    "Shown",
    "balance_plot",
    "build_quality_report",
    "carried_masks_of",
    "class_stages_of",
    "cluster_sizes_plot",
    "decider_costs",
    "drift_plot",
    "funnel_plot",
    "has_truth",
    "known_classes",
    "known_label_of",
    "known_objects",
    "lorenz_curve",
    "lorenz_plot",
    "metrics_of_corpus",
    "metrics_of_question",
    "reliability_plot",
    "remarks_on_known_labels",
    "render_report",
    "report_plots",
    "seconds_plot",
    "shown_samples",
    "side_by_side",
    "silhouette_plot",
    "simulation_of_questions",
    "stages_of",
    "truth_of",
    "uncertainty_plot",
    "with_questions",
]
