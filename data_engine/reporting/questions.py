"""Several questions in one report: what is measured of the labels of each, beside what is measured of the corpus.

A metric of a question has the scope `question: scope`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.corpus import Corpus
from data_engine.reporting.metrics.decider_costs import cost_metrics
from data_engine.reporting.metrics.label_metrics import label_metrics
from data_engine.reporting.metrics.metric import Metric, by_name
from data_engine.reporting.metrics.report_metrics import funnel_metrics
from data_engine.reporting.metrics.round_comparison import round_metrics
from data_engine.reporting.metrics.slice_metrics import slice_metrics
from data_engine.reporting.plots.plot_style import Plot
from data_engine.reporting.simulation_notice import simulation
from data_engine.schemas import QUALITY_REPORT, Tables

_OF_LABELS = ("labelled", "releasable")
_BETWEEN = ": "


@dataclass(frozen=True)
class ReportedQuestion:
    """One of several questions, as a report is given it.

    Attributes:
        name: Its name.
        corpus: The corpus as if it asked this question alone, with the settings that its tables were made with.
        tables: The tables of the question and those of the corpus, by name.
        plots: By name, as `report_plots` gives them; those of labels are shown.
        embeddings: Of labelled samples by id, from which comes who disagrees with a label.
    """

    name: str
    corpus: Corpus
    tables: Tables
    plots: Mapping[str, Plot] = field(default_factory=dict)
    embeddings: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def metrics(self) -> list[Metric]:
        """What is measured of its labels; nothing before there are any."""
        some = {name: table for name, table in self.tables.items() if table.num_rows}
        funnel = [metric for metric in funnel_metrics(self.corpus, some) if metric.scope in _OF_LABELS]
        costs = cost_metrics(some["costs"]) if "costs" in some else []
        others = [*round_metrics(some), *slice_metrics(self.corpus, some)]
        return [*funnel, *label_metrics(self.corpus, some), *costs, *others]


def with_questions(metrics: pa.Table, questions: Sequence[ReportedQuestion]) -> pa.Table:
    """The metrics of a corpus (schema QUALITY_REPORT) with those of its questions behind."""
    found = [
        replace(metric, scope=f"{question.name}{_BETWEEN}{metric.scope}")
        for question in questions
        for metric in question.metrics()
    ]
    return pa.concat_tables([metrics, pa.Table.from_pylist([vars(metric) for metric in found], schema=QUALITY_REPORT)])


def metrics_of_question(metrics: pa.Table, question: str) -> pa.Table:
    """The metrics of one question, with the scopes that those of a corpus have that asks nothing else."""
    own = metrics.filter(pc.starts_with(metrics["scope"], f"{question}{_BETWEEN}"))
    place, start = own.schema.get_field_index("scope"), len(question) + len(_BETWEEN)
    return own.set_column(place, own.schema.field(place), pc.utf8_slice_codeunits(own["scope"], start))


def metrics_of_corpus(metrics: pa.Table, questions: Sequence[str]) -> pa.Table:
    """The metrics that are those of no question."""
    for question in questions:
        metrics = metrics.filter(pc.invert(pc.starts_with(metrics["scope"], f"{question}{_BETWEEN}")))
    return metrics


def simulation_of_questions(metrics: pa.Table, questions: Sequence[str]) -> str:
    """The notice of simulated answers of each question that has some, with its name; empty where none has."""
    found = {name: simulation(by_name(metrics_of_question(metrics, name))) for name in questions}
    return " ".join(f"{name}: {said}" for name, said in found.items() if said)
