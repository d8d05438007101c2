"""Renders the HTML report: one self-contained page about a corpus.

The samples on it are chosen in `excerpts.py` and `tree_view.py`; the templates are in `templates/`.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.corpus import Corpus
from data_engine.labeling.objects.annotation_stages import stages_shown
from data_engine.reporting import number_format
from data_engine.reporting.html import excerpts
from data_engine.reporting.html.drifted import compared_batches
from data_engine.reporting.html.gallery import Gallery
from data_engine.reporting.html.glossary import terms_on
from data_engine.reporting.html.tree_view import N_LEAVES, N_TOP, tree_view
from data_engine.reporting.metrics.concepts import top_level_warning, why_levels
from data_engine.reporting.metrics.confusions import confusions
from data_engine.reporting.metrics.decider_costs import cost_totals
from data_engine.reporting.metrics.funnel import Metrics, headline, stages
from data_engine.reporting.metrics.key_figures import KeyFigure, key_figures
from data_engine.reporting.metrics.known_labels import called_truth, knows_labels, knows_truth
from data_engine.reporting.metrics.label_metrics import DIFFICULTIES, classifier_in_service
from data_engine.reporting.metrics.method_comparison import comparison_of, side_by_side
from data_engine.reporting.metrics.metric import Metric, by_name
from data_engine.reporting.metrics.round_comparison import boost_sentence, compare_classes, own_rounds
from data_engine.reporting.metrics.slice_metrics import SLICE_FIGURES
from data_engine.reporting.metrics.subset_worth import table_of_methods, verdict
from data_engine.reporting.plots.plot_style import Plot
from data_engine.reporting.questions import (
    ReportedQuestion,
    metrics_of_corpus,
    metrics_of_question,
    simulation_of_questions,
)
from data_engine.reporting.sample_text import shown_samples
from data_engine.reporting.simulation_notice import simulation
from data_engine.reporting.trend_metrics import CHANCE, SLOPE, trends_in
from data_engine.schemas import Tables
from data_engine.shipped import shipped_look

#: Thumbnails of the page, and of its tree, so that it stays below 5 MB.
_GALLERY_BYTES, _TREE_GALLERY_BYTES = 500_000, 2_000_000
_TREE_THUMBNAIL_PX = 64
#: Labels in doubt that the page shows unfolded.
_N_DOUBTFUL = 5
#: Classes of the table of classes.
_N_CLASSES = 40
#: Counts that the section of a question begins with, by the stage of the funnel.
_COUNTED = {"labelled": "labelled", "in_scope": "releasable"}


@dataclass(frozen=True)
class FailedCheck:
    """A check that does not hold for what a step last wrote."""

    step: str
    batch: str
    name: str
    detail: str
    """What was found, the rule and the remedy."""
    is_blocking: bool
    """Whether it holds back what follows."""


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
    plots: Mapping[str, Plot],
    seconds: Mapping[str, float],
    versions: Mapping[str, str],
    *,
    alarm_limits: Sequence[float] = (),
    failed_checks: Sequence[FailedCheck] = (),
    embeddings: Mapping[str, NDArray[np.float32]] = MappingProxyType({}),
    questions: Sequence[ReportedQuestion] = (),
) -> str:
    """The page as HTML: style and images inside, no request to anywhere, and one small script that folds the tree.

    The page's own policy lets a browser run that script, known by its hash, and nothing else; without it the page
    shows the largest clusters. Texts of samples are never markup: the script too only ever sets them as text.

    Args:
        corpus: what the page is about, with the settings that its tables were made with.
        tables: any tables of the corpus by name; sections whose tables are missing say that they are not there yet.
        metrics: the quality report.
        plots: by name, as `report_plots` gives them; others are ignored.
        seconds: wall seconds of every step.
        versions: what to reproduce the page with: packages, encoder, table versions, seed, run.
        alarm_limits: p-values below which the batches were compared to raise the alarm; the corpus' own by default.
        failed_checks: what the checks of the tables found.
        embeddings: of labelled samples by id, from which comes who disagrees with a label.
        questions: several questions that the corpus asks, each with sections of its own.
    """
    some = {name: table for name, table in tables.items() if table.num_rows}
    known = by_name(metrics_of_corpus(metrics, [each.name for each in questions]))
    page = {
        "title": corpus.release.title or number_format.plain(corpus.name),
        "headline": headline(known),
        "funnel": stages(known),
        "key_figures": _key_figures(known, corpus, some),
        "failed_checks": failed_checks,
        "simulation": simulation(known) or simulation_of_questions(metrics, [each.name for each in questions]),
        "balance": [name for name in ("raw", "random", "balanced") if ("kl_to_uniform", name) in known],
        "groups": next(((m, scope) for (name, scope), m in known.items() if name == "groups"), None),
        "top_level_warning": top_level_warning(known, corpus.subset.method),
        "levels": [m for (name, _), m in known.items() if name == "clusters"],
        "why_levels": _why_levels(corpus, some),
        "methods": _methods(some, knows_labels=knows_truth(corpus, some)),
        "worth": table_of_methods(known),
        "worth_verdict": verdict(known, has_labels=corpus.has_labels),
        "reasons": excerpts.reasons(some),
        **_about_clusters(some),
        **_about_labels(corpus, some, known, embeddings, plots),
        "drift": compared_batches(some),
        "alarms": some["alarms"].sort_by([("raised_at", "descending")]).to_pylist() if "alarms" in some else [],
        "terms_on": terms_on,
        "alarm_limits": alarm_limits or (corpus.drift.alarm_p,),
        "metrics": list(by_name(metrics).values()),
        "seconds": seconds,
        "versions": versions,
    }
    template, script, of_question = _template()
    names = [each.name for each in questions]
    sections = {each.name: _section(each, metrics_of_question(metrics, each.name), of_question) for each in questions}
    page["question_sections"], page["question_names"] = sections, names
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return str(template.render(page | {"script": script, "script_hash": digest}))


def _section(question: ReportedQuestion, metrics: pa.Table, template: Any) -> str:
    """What one of several questions has of its own, as HTML whose ids begin with its name."""
    some = {name: table for name, table in question.tables.items() if table.num_rows}
    known = by_name(metrics)
    values = _about_labels(question.corpus, some, known, question.embeddings, question.plots)
    counts = {f"n_{name}": known.get(("funnel", scope)) for name, scope in _COUNTED.items()}
    html = str(template.render(values | counts | {"name": question.name}))
    # Two sections of one name are told apart by that of their question.
    html = re.sub(r"<h2>(?!Question )", f"<h2>{question.name}: ", html)
    # Quotes of texts are escaped, so that these are attributes of the templates and of the plots.
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{question.name}-", html)


def _about_truth(corpus: Corpus, tables: Tables) -> dict[str, Any]:
    return {
        "knows_truth": knows_truth(corpus, tables),
        "truth": called_truth(corpus),
        "knows_labels": knows_labels(corpus, tables),
    }


def _key_figures(known: Metrics, corpus: Corpus, tables: Tables) -> list[KeyFigure]:
    given = corpus.labels.given
    return key_figures(
        known,
        n_classes=_n_classes(tables),
        promise=_promise(corpus, tables),
        given_in_hold_out=given is not None and given.in_hold_out,
    )


def _why_levels(corpus: Corpus, tables: Tables) -> str:
    if "tree_explanation" not in tables:
        return ""
    explained = tables["tree_explanation"]
    n_built = explained["n_built"][0].as_py()
    n_now = tables["tree_assignments"].num_rows if "tree_assignments" in tables else n_built
    return why_levels(explained, corpus.subset.target_size, n_now)


def _about_labels(
    corpus: Corpus,
    tables: Tables,
    known: Metrics,
    embeddings: Mapping[str, NDArray[np.float32]],
    plots: Mapping[str, Plot],
) -> dict[str, Any]:
    """What the sections about labels show."""
    return {
        "corpus": corpus,
        "get": lambda metric, scope="all": known.get((metric, scope)),
        **_about_truth(corpus, tables),
        "gallery": Gallery(tables.get("raw_index"), most_bytes=_GALLERY_BYTES),
        "small_gallery": Gallery(tables.get("raw_index"), most_bytes=_GALLERY_BYTES, side_px=_TREE_THUMBNAIL_PX),
        "doubtful": excerpts.doubtful_labels(tables, embeddings),
        "model_rounds": tables["foundation_rounds"].to_pylist() if "foundation_rounds" in tables else [],
        "costs": cost_totals(tables["costs"]) if "costs" in tables else [],
        **_about_trends(tables, known),
        "stages": stages_shown(tables["annotation_stages"].to_pylist()) if "annotation_stages" in tables else [],
        "class_stages": tables["class_stages"].to_pylist() if "class_stages" in tables else [],
        "carried_masks": tables["carried_masks"].to_pylist() if "carried_masks" in tables else [],
        **_about_rounds(tables, known),
        **_about_classes(tables),
        "promise": _promise(corpus, tables),
        "plots": {name: plot.svg() for name, plot in plots.items()},
        "provenance": _provenance(known),
        "accuracy": known.get(("label_accuracy", "all")),
        "difficulty": [(k, known[("hold_out_error", k)]) for k in DIFFICULTIES if ("hold_out_error", k) in known],
        "n_doubtful": _N_DOUBTFUL,
        "drifted": [(scope, m) for (name, scope), m in known.items() if name == "annotator_drift"],
        "annotators": [(scope, m) for (name, scope), m in known.items() if name == "answers" and scope != "all"],
    }


def _about_trends(tables: Tables, known: Metrics) -> dict[str, Any]:
    from data_engine.drift.trend import falls

    rows = trends_in(tables)
    slopes = [(m, known[CHANCE, scope]) for (name, scope), m in known.items() if name == SLOPE]
    return {
        "trends": rows,
        "slopes": slopes,
        "falling": falls({m.scope: chance.value for m, chance in slopes}),
        "trends_simulated": any(row["is_simulated"] for row in rows),
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


def _n_classes(tables: Tables) -> int | None:
    """The known labels over which a classifier told what the subset teaches; None where none could."""
    if "subset_proof" not in tables:
        return None
    return pc.max(tables["subset_proof"]["n_classes"]).as_py() or None


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


def _about_rounds(tables: Tables, known: Metrics) -> dict[str, Any]:
    rounds = own_rounds(tables)
    in_service = [row["gate_by_class"] for row in rounds if row["is_in_service"] and row["gate_by_class"]]
    return {
        "rounds": rounds,
        "class_gates": sorted(json.loads(in_service[-1]).items()) if in_service else [],
        "n_encoders": len({row["encoder_version"] for row in rounds}),
        "boost": boost_sentence(known.get(("efficiency_boost", "all"))),
        "slices": _slices(known),
    }


def _about_classes(tables: Tables) -> dict[str, Any]:
    classes = compare_classes(tables)
    found, n_confused, n_compared = confusions(tables)
    ids = {sample_id for each in found for sample_id in each.sample_ids}
    shown = shown_samples(tables["raw_index"], ids) if "raw_index" in tables else {}
    return {
        "classes": classes,
        "n_classes_shown": _N_CLASSES,
        "dropped": [each for each in classes if each.dropped],
        "has_before": any(each.recall_before or each.precision_before for each in classes),
        "confusions": found,
        "confused_texts": {sample_id: each.text for sample_id, each in shown.items()},
        "n_confused": n_confused,
        "n_compared": n_compared,
    }


def _slices(known: Metrics) -> dict[str, dict[str, Metric | None]]:
    """`column: value` to its figures by name."""
    found: dict[str, dict[str, Metric | None]] = {}
    for (name, scope), metric in known.items():
        if name in SLICE_FIGURES:
            found.setdefault(scope, dict.fromkeys(SLICE_FIGURES))[name] = metric
    return found


def _promise(corpus: Corpus, tables: Tables) -> float:
    """The precision that the gate of the classifier in service has to certify."""
    if "classifier" not in tables:
        return corpus.labels.target_of("classifier")
    return float(str(classifier_in_service(tables["classifier"])["gate_target"]))


def _unbroken(words: Callable[[Any], str]) -> Callable[[Any], str]:
    """The same words with the percent sign held to its number."""
    return lambda value: words(value).replace(" %", "\N{NO-BREAK SPACE}%")


def _template() -> tuple[Any, str, Any]:
    """The template, the script that it holds, and the template of one of several questions."""
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
    return environment.get_template("report.html"), script, environment.get_template("report/question.html")
