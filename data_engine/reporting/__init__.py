"""What people read: metrics with intervals, plots, the HTML report, the data card and the summary of a run."""

from data_engine.reporting.balance import Balance, balance, compare_balance, kl_to_uniform
from data_engine.reporting.data_card import data_card
from data_engine.reporting.html import render_report
from data_engine.reporting.known_labels import known_label_of
from data_engine.reporting.metrics import build_quality_report
from data_engine.reporting.plots import (
    balance_plot,
    cluster_sizes_plot,
    drift_plot,
    funnel_plot,
    reliability_plot,
    seconds_plot,
    uncertainty_plot,
)
from data_engine.reporting.report_plots import report_plots
from data_engine.reporting.showing import Shown, shown_samples
from data_engine.reporting.side_by_side import side_by_side
from data_engine.reporting.summary import print_summary
from data_engine.reporting.tree_plots import lorenz_curve, lorenz_plot, silhouette_plot

__all__ = [
    "Balance",
    "Shown",
    "balance",
    "balance_plot",
    "build_quality_report",
    "cluster_sizes_plot",
    "compare_balance",
    "data_card",
    "drift_plot",
    "funnel_plot",
    "kl_to_uniform",
    "known_label_of",
    "lorenz_curve",
    "lorenz_plot",
    "print_summary",
    "reliability_plot",
    "render_report",
    "report_plots",
    "seconds_plot",
    "shown_samples",
    "side_by_side",
    "silhouette_plot",
    "uncertainty_plot",
]
