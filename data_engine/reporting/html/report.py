"""Renders the HTML report: one self-contained page about a corpus.

The samples on it are chosen in `excerpts.py` and `tree_view.py`; the templates are in `templates/`.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from data_engine.corpus import Corpus
from data_engine.reporting import number_format
from data_engine.reporting.html import excerpts
from data_engine.reporting.html.gallery import Gallery
from data_engine.reporting.html.tree_view import N_LEAVES, N_TOP, tree_view
from data_engine.reporting.metrics.concepts import top_level_warning
from data_engine.reporting.metrics.funnel import Metrics, headline, stages
from data_engine.reporting.metrics.known_labels import knows_labels
from data_engine.reporting.metrics.label_metrics import DIFFICULTIES, classifier_in_service
from data_engine.reporting.metrics.method_comparison import comparison_of, side_by_side
from data_engine.reporting.metrics.metric import Metric, by_name
from data_engine.reporting.metrics.subset_worth import table_of_methods, verdict
from data_engine.reporting.simulation_notice import simulation
from data_engine.schemas import Tables
from data_engine.shipped import shipped_look

#: Thumbnails of the page, and of its tree, so that it stays below 5 MB.
_GALLERY_BYTES, _TREE_GALLERY_BYTES = 500_000, 2_000_000
_TREE_THUMBNAIL_PX = 64


@dataclass(frozen=True)
class KeyFigure:
    """One of the few figures that the page opens with."""

    title: str
    value: str
    detail: str


@dataclass(frozen=True)
class ProvenanceRow:
    """The labels that were made in one way."""

    name: str
    share: Metric
    quality: Metric | None
    accuracy: Metric | None


def render_report(
    corpus: Corpus,
    tables: Tables,
    metrics: pa.Table,
    plots: Mapping[str, bytes],
    seconds: Mapping[str, float],
    versions: Mapping[str, str],
    *,
    alarm_limits: Sequence[float] = (),
) -> str:
    """The page as HTML: style and images inside, no request to anywhere, and one small script that folds the tree.

    The page's own policy lets a browser run that script, known by its hash, and nothing else; without it the page
    shows the largest clusters. Texts of samples are never markup: the script too only ever sets them as text.

    Args:
        corpus: what the page is about, with the settings that its tables were made with.
        tables: any tables of the corpus by name; sections whose tables are missing say that they are not there yet.
        metrics: the quality report.
        plots: PNGs by name, as `report_plots` gives them; others are ignored.
        seconds: wall seconds of every step.
        versions: what to reproduce the page with: packages, encoder, table versions, seed, run.
        alarm_limits: p-values below which the batches were compared to raise the alarm; the corpus' own by default.
    """
    some = {name: table for name, table in tables.items() if table.num_rows}
    known = by_name(metrics)
    page = {
        "title": corpus.release.title or number_format.plain(corpus.name),
        "corpus": corpus,
        "headline": headline(known),
        "funnel": stages(known),
        "key_figures": _key_figures(known),
        "simulation": simulation(known),
        "get": lambda metric, scope="all": known.get((metric, scope)),
        "balance": [name for name in ("raw", "random", "balanced") if ("kl_to_uniform", name) in known],
        "groups": next(((m, scope) for (name, scope), m in known.items() if name == "groups"), None),
        "top_level_warning": top_level_warning(known, corpus.subset.method),
        "levels": [m for (name, _), m in known.items() if name == "clusters"],
        "why_levels": some["tree_explanation"]["sentence"].to_pylist() if "tree_explanation" in some else [],
        "methods": _methods(some, knows_labels=knows_labels(corpus, some)),
        "knows_labels": knows_labels(corpus, some),
        "worth": table_of_methods(known),
        "worth_verdict": verdict(known, has_labels=corpus.has_labels),
        **_about_labels(known),
        "gallery": Gallery(some.get("raw_index"), most_bytes=_GALLERY_BYTES),
        "reasons": excerpts.reasons(some),
        **_about_clusters(some),
        "doubtful": excerpts.doubtful_labels(some),
        "rounds": _rounds(some),
        "n_encoders": len({row["encoder_version"] for row in _rounds(some)}),
        "drift": _drift(some),
        "alarm_limits": alarm_limits or (corpus.drift.alarm_p,),
        "promise": _promise(corpus, some),
        "metrics": list(known.values()),
        "plots": {name: base64.b64encode(png).decode() for name, png in plots.items()},
        "seconds": seconds,
        "versions": versions,
    }
    template, script = _template()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return str(template.render(page | {"script": script, "script_hash": digest}))


def _about_labels(known: Metrics) -> dict[str, Any]:
    return {
        "provenance": _provenance(known),
        "accuracy": known.get(("label_accuracy", "all")),
        "difficulty": [(k, known[("hold_out_error", k)]) for k in DIFFICULTIES if ("hold_out_error", k) in known],
        "annotators": [(scope, m) for (name, scope), m in known.items() if name == "answers" and scope != "all"],
    }


def _about_clusters(tables: Tables) -> dict[str, Any]:
    largest, smallest = excerpts.clusters(tables)
    tree = tree_view(tables)
    gallery = Gallery(tables.get("raw_index"), most_bytes=_TREE_GALLERY_BYTES, side_px=_TREE_THUMBNAIL_PX)
    return {
        "tree": tree,
        "tree_data": tree.as_json(gallery.thumbnail) if tree else "",
        "n_top": N_TOP,
        "n_leaves": N_LEAVES,
        "largest": largest,
        "smallest": smallest,
    }


def _key_figures(known: Metrics) -> list[KeyFigure]:
    figures = _worth_figures(known)
    # Of as many random samples: a small subset cannot hold all labels, so that all samples are no measure for it.
    random, balanced = known.get(("kl_to_uniform", "random")), known.get(("kl_to_uniform", "balanced"))
    if random and balanced:
        detail = "KL to uniform in nats, random → balanced subset"
        figures.append(KeyFigure("Imbalance", f"{random.value:.2f} → {balanced.value:.2f}", detail))
    for title, key in (("Label accuracy", "label_accuracy"), ("Classifier accuracy", "classifier_accuracy")):
        metric = known.get((key, "all"))
        if metric:
            detail = (
                f"{number_format.interval(metric)}, n = {metric.n:,}" if metric.n else number_format.interval(metric)
            )
            figures.append(KeyFigure(title, number_format.figure(metric), detail))
    accepted = known.get(("accepted_share", "all"))
    if accepted:
        bound = known.get(("gate_lower_bound", "all"))
        detail = (
            f"certified ≥ {number_format.share(bound.value)}" if bound else "no gate is certified: all go to people"
        )
        figures.append(KeyFigure("Accepted without a person", number_format.figure(accepted), detail))
    return figures


def _worth_figures(known: Metrics) -> list[KeyFigure]:
    """The gain over random subsets, where a classifier could be trained to tell it."""
    gains = {name: metric for (name, _), metric in known.items() if name.endswith("_gain")}
    accuracy, rare = gains.get("taught_accuracy_gain"), gains.get("taught_rare_recall_gain")
    if accuracy is None or rare is None:
        return []
    detail = f"points of macro accuracy over random subsets; rarest third {100 * rare.value:+.1f}"
    return [KeyFigure("What it teaches", f"{100 * accuracy.value:+.1f}", detail)]


def _provenance(known: Metrics) -> list[ProvenanceRow]:
    return [
        ProvenanceRow(scope, metric, known.get(("label_quality", scope)), known.get(("label_accuracy", scope)))
        for (name, scope), metric in known.items()
        if name == "provenance_share"
    ]


def _methods(tables: Tables, *, knows_labels: bool) -> dict[str, list[dict[str, Any]]]:
    """Grouping over which balance is counted to the methods side by side."""
    compared = comparison_of(tables, knows_labels=knows_labels)
    rows = [] if compared is None else side_by_side(compared).to_pylist()
    return {over: [row for row in rows if row["counted_over"] == over] for over in {r["counted_over"]: 0 for r in rows}}


def _rounds(tables: Tables) -> list[dict[str, Any]]:
    if "classifier" not in tables:
        return []
    rows: list[dict[str, Any]] = tables["classifier"].drop_columns(["artefact"]).to_pylist()
    return sorted(rows, key=lambda row: row["n_rounds"])


def _promise(corpus: Corpus, tables: Tables) -> float:
    """The precision that the gate of the classifier in service has to certify."""
    if "classifier" not in tables:
        return corpus.labels.target_of("classifier")
    return float(str(classifier_in_service(tables["classifier"])["gate_target"]))


def _drift(tables: Tables) -> list[dict[str, Any]]:
    """One row per batch: the first, since the figures of the batch are repeated on each."""
    if "drift_report" not in tables:
        return []
    rows: dict[str, dict[str, Any]] = {}
    for row in tables["drift_report"].drop_columns(["sample_ids"]).to_pylist():
        rows.setdefault(row["batch"], row)
    return [rows[batch] for batch in sorted(rows)]


def _unbroken(words: Callable[[Any], str]) -> Callable[[Any], str]:
    """The same words with the percent sign held to its number."""
    return lambda value: words(value).replace(" %", "\N{NO-BREAK SPACE}%")


def _template() -> tuple[Any, str]:
    """The template, and the script that it holds."""
    import jinja2

    loader = jinja2.PackageLoader("data_engine.reporting.html")
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "figure": _unbroken(number_format.figure),
        "interval": _unbroken(number_format.interval),
        "share": _unbroken(number_format.share),
        "plain": number_format.plain,
        "number": number_format.number,
        "duration": number_format.duration,
        "count": lambda n: f"{n:,}",
    }
    environment.globals["look"] = shipped_look().read_text("utf-8")
    script, _, _ = loader.get_source(environment, "report/tree.js")
    return environment.get_template("report.html"), script
