"""All plots of the HTML report, from the tables of a corpus.

How each is drawn is in `metric_plots.py` and `tree_plots.py`.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.reporting.metrics.cluster_names import names_of_top_clusters
from data_engine.reporting.metrics.known_labels import ancestors, groups
from data_engine.reporting.metrics.label_metrics import classifier_in_service, latest_answers
from data_engine.reporting.metrics.report_metrics import funnel_metrics
from data_engine.reporting.metrics.round_comparison import figures_of, own_rounds
from data_engine.reporting.plots import metric_plots
from data_engine.reporting.plots.map_plots import ground_map
from data_engine.reporting.plots.plot_style import Plot
from data_engine.reporting.plots.tree_plots import lorenz_plot, silhouette_plot
from data_engine.reporting.plots.trend_plots import label_trend_plot
from data_engine.reporting.random_subsets import random_kept
from data_engine.reporting.trend_metrics import changed_at, trends_in
from data_engine.schemas import Tables


def report_plots(corpus: Corpus, tables: Tables, seconds: Mapping[str, float]) -> dict[str, Plot]:
    """The plots that the tables allow, by the names that `render_report` looks for.

    Args:
        corpus: gives the classes and the seed of the random subset that the balance is compared with.
        tables: any tables of the corpus by name; those that are missing or empty give fewer plots.
        seconds: wall seconds of every step.
    """
    some = {name: table for name, table in tables.items() if table.num_rows}
    left = {m.scope: round(m.value) for m in funnel_metrics(corpus, some)}
    drawn = {
        "funnel": metric_plots.funnel_plot(left) if left else None,
        "balance": _balance(corpus, some),
        "ground_map": _ground_map(corpus, some),
        "evenness": _evenness(corpus, some),
        "cluster_sizes": _cluster_sizes(some),
        "lorenz": _lorenz(some),
        "silhouettes": _silhouettes(some),
        "uncertainty": _uncertainty(some),
        "reliability": _reliability(corpus, some),
        "learning_curves": _learning_curves(some),
        "rounds": _rounds(some),
        "drift": _drift(some),
        "label_trends": _label_trends(some),
        "seconds": metric_plots.seconds_plot(seconds) if seconds else None,
    }
    return {name: plot for name, plot in drawn.items() if plot is not None}


def _balance(corpus: Corpus, tables: Tables) -> Plot | None:
    grouping = groups(corpus, tables)
    if grouping is None or not {"balanced_subset", "first_pass"} <= set(tables):
        return None
    chosen = tables["balanced_subset"]["sample_id"].combine_chunks()
    rng = np.random.default_rng(corpus.seed_for("quality_report", "random subset of the plot"))
    of_random, of_chosen = grouping.counts([random_kept(tables["first_pass"], len(chosen), rng), chosen])
    return metric_plots.balance_plot(
        {"all samples": grouping.raw, "a random subset": of_random, "the balanced subset": of_chosen}
    )


def _ground_map(corpus: Corpus, tables: Tables) -> Plot | None:
    """Where tiles of scenes lie on the ground."""
    if corpus.modality != "raster" or not {"raw_index", "balanced_subset"} <= set(tables):
        return None
    return ground_map(tables["raw_index"], tables["balanced_subset"]["sample_id"])


def _evenness(corpus: Corpus, tables: Tables) -> Plot | None:
    if "subset_proof" not in tables:
        return None
    proof = tables["subset_proof"]
    rows = proof.filter(pc.and_(pc.equal(proof["method"], "balanced"), pc.equal(proof["draw"], 0)))
    return metric_plots.evenness_plot(rows, corpus.subset.evenness) if rows.num_rows > 1 else None


def _cluster_sizes(tables: Tables) -> Plot | None:
    if "cluster_tree" not in tables:
        return None
    tree = tables["cluster_tree"]
    levels = sorted(set(tree["level"].to_pylist()))
    return metric_plots.cluster_sizes_plot(
        [tree.filter(pc.equal(tree["level"], k))["n_samples"].to_numpy() for k in levels]
    )


def _lorenz(tables: Tables) -> Plot | None:
    """The coarsest level, before and after the balanced sampling."""
    if not {"cluster_tree", "tree_assignments"} <= set(tables):
        return None
    top = ancestors(tables["cluster_tree"])
    counts = {"all samples": np.bincount(top[tables["tree_assignments"]["leaf"].to_numpy()], minlength=top.max() + 1)}
    if "balanced_subset" in tables:
        chosen = tables["balanced_subset"]["leaf"].to_numpy()
        counts["the balanced subset"] = np.bincount(top[chosen], minlength=top.max() + 1)
    return lorenz_plot(counts)


def _silhouettes(tables: Tables) -> Plot | None:
    if "cluster_portraits" not in tables:
        return None
    portraits = tables["cluster_portraits"]
    levels = sorted(set(portraits["level"].to_pylist()))
    return silhouette_plot(
        [portraits.filter(pc.equal(portraits["level"], k))["silhouette"].to_pylist() for k in levels]
    )


def _learning_curves(tables: Tables) -> Plot | None:
    """What query and control batches teach alone, of the newest round."""
    rounds = own_rounds(tables)
    if not rounds or "classifier_figures" not in tables:
        return None
    points: dict[str, list[tuple[int, float, float, float]]] = {}
    for (arm, column, value, _), row in figures_of(tables, rounds[-1]["classifier_version"]).items():
        if column == "labels":
            points.setdefault(arm, []).append((int(value), row["share"], row["low"], row["high"]))
    return metric_plots.learning_curves_plot(points) if any(len(each) > 1 for each in points.values()) else None


def _rounds(tables: Tables) -> Plot | None:
    """The versions that learnt from vectors of the same encoder as the one in service."""
    if "classifier" not in tables:
        return None
    versions = tables["classifier"]
    encoder = classifier_in_service(versions)["encoder_version"]
    learnt = zip(versions["encoder_version"].to_pylist(), versions["borrowed_from"].to_pylist(), strict=True)
    is_same = [other == encoder and borrowed_from is None for other, borrowed_from in learnt]
    return metric_plots.rounds_plot(versions.filter(pa.array(is_same)))


def _uncertainty(tables: Tables) -> Plot | None:
    if "proposals" not in tables:
        return None
    service = classifier_in_service(tables["classifier"]) if "classifier" in tables else {}
    threshold = service.get("gate_threshold")
    return metric_plots.uncertainty_plot(
        tables["proposals"]["uncertainty"].to_numpy(), threshold if isinstance(threshold, float) else None
    )


def _reliability(corpus: Corpus, tables: Tables) -> Plot | None:
    if not {"proposals", "reviewed_labels"} <= set(tables):
        return None
    from data_engine.labeling import probabilities_of, reliability

    number = {name: i for i, name in enumerate(corpus.class_names)}
    reviewed = tables["reviewed_labels"]
    decided = reviewed.filter(pc.equal(reviewed["provenance"], "adjudicated")).to_pylist()
    truth = {
        row["sample_id"]: number[str(row["label"])]
        for row in (*latest_answers(reviewed), *decided)
        if row["purpose"] == "hold_out" and row["label"] in number
    }
    known = tables["proposals"].filter(pc.is_in(tables["proposals"]["sample_id"], pa.array(truth, pa.string())))
    if not known.num_rows:
        return None
    return metric_plots.reliability_plot(
        reliability(probabilities_of(known), np.array([truth[name] for name in known["sample_id"].to_pylist()]))
    )


def _label_trends(tables: Tables) -> Plot | None:
    rows = trends_in(tables)
    return label_trend_plot(rows, changed_at(rows)) if rows else None


def _drift(tables: Tables) -> Plot | None:
    """The batch that moved most, of those that could be compared."""
    if "drift_report" not in tables:
        return None
    drift = tables["drift_report"]
    compared = drift.filter(pc.and_(pc.is_valid(drift["cluster"]), pc.is_valid(drift["p_value"])))
    if not compared.num_rows:
        return None
    batch = compared.sort_by([("p_value", "ascending"), ("batch", "ascending")])["batch"][0]
    return metric_plots.drift_plot(compared.filter(pc.equal(compared["batch"], batch)), names_of_top_clusters(tables))
