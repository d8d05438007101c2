"""quality_report: metrics of samples, subset and labels, each with its interval, and the HTML report."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import reporting
from data_engine.corpus import Corpus
from data_engine.quality import evaluate
from data_engine.runtime.alarms.alarm_table import all_alarms
from data_engine.runtime.changes.run_outcome import failed_checks
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.label_history import by_opening, label_history
from data_engine.runtime.made_from.question_labels import labelled_questions, question_inputs
from data_engine.runtime.made_from.settings import configuration_used, corpus_used, values_used
from data_engine.runtime.plan import MADE_STEPS, WRITTEN_BY, in_order, tables_read_by
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas import LABEL_TRENDS

#: Tables with a row for every sample that are read a piece or a column at a time, texts above all.
_ON_DEMAND = ("raw_index", "first_pass", "semantic_duplicates")
#: Of a table with a row for every sample that is in memory, the columns that the report looks at.
_COLUMNS = {"tree_assignments": ("sample_id", "leaf")}


def quality_report(step_run: StepRun) -> StepResult:
    """Measure everything, and render the page."""
    read = (name for name in tables_read_by("quality_report") if WRITTEN_BY[name] != "quality_report")
    names = [name for name in read if WRITTEN_BY[name] in step_run.runtime.steps and name != "embeddings"]
    step_run.read("labels", columns=["sample_id"])
    step_run.read("balanced_subset", columns=["sample_id"])
    step_run.read_accepted("drift_report", columns=["batch"])
    step_run.take_known_labels()
    tables = {name: _table(step_run, name) for name in names}
    corpus, alarm_limits = _as_used(step_run)
    tables["label_trends"] = _label_trends(step_run, tables)
    tables["alarms"] = all_alarms(step_run.runtime)
    tables |= _stages(step_run, corpus, tables)
    questions = _questions(step_run, tables)
    tables["costs"] = reporting.decider_costs(corpus, {name: rows for name, rows in tables.items() if rows.num_rows})
    costs = pa.concat_tables([tables["costs"], *(each.tables["costs"] for each in questions)])
    metrics = reporting.build_quality_report(corpus, tables)
    metrics = reporting.with_questions(metrics, questions) if questions else metrics
    seconds, versions = _provenance(step_run, [*names, "embeddings"])
    plots = reporting.report_plots(corpus, tables, seconds)
    page = reporting.render_report(
        corpus,
        tables,
        metrics,
        plots,
        seconds,
        versions,
        alarm_limits=alarm_limits,
        failed_checks=_failed_checks(step_run, corpus, metrics),
        embeddings=step_run.embeddings_of(tables["labels"]["sample_id"]) if "labels" in tables else {},
        questions=questions,
    )
    path = step_run.write_page("reports", "report.html", text=page)
    return step_run.finish(
        metrics,
        timing_tables=_timing_tables(tables, questions, costs),
        metadata={"report": path, **_headline(metrics)},
        details={"plots": {name: plots[name] for name in ("funnel", "balance") if name in plots}},
    )


def _table(step_run: StepRun, name: str) -> Any:
    """A table that the report is made of, whole or read when it is asked for."""
    if name in _ON_DEMAND:
        return reporting.ColumnsOnDemand(step_run.scan(name))
    return step_run.look_up(name, columns=_COLUMNS.get(name))


def _stages(step_run: StepRun, corpus: Corpus, tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The stages of annotation, of answers and of classes, and how masks that were carried along videos did."""
    return {
        "annotation_stages": reporting.stages_of(corpus, tables),
        "class_stages": _class_stages(step_run.runtime, corpus, tables),
        "carried_masks": reporting.carried_masks_of(corpus, tables),
    }


def _timing_tables(
    tables: dict[str, pa.Table], questions: list[reporting.ReportedQuestion], costs: pa.Table
) -> dict[str, pa.Table]:
    """What changes with every answer and makes nothing else stale; stages of annotation of each question."""
    found = {name: tables[name] for name in ("label_trends", "carried_masks")} | {"costs": costs}
    for name in ("annotation_stages", "class_stages"):
        found[name] = pa.concat_tables([tables[name], *(each.tables[name] for each in questions)])
    return found


def _questions(step_run: StepRun, tables: dict[str, pa.Table]) -> list[reporting.ReportedQuestion]:
    """Each of several questions with its tables, and what the page shows of it."""
    step_run.inputs |= question_inputs(step_run.runtime)
    found = []
    for each in labelled_questions(step_run.runtime, run_id=step_run.run_id):
        filled = {name: rows for name, rows in each.tables.items() if rows.num_rows}
        costs = reporting.decider_costs(each.corpus, filled, question=each.runtime.question)
        stages = reporting.stages_of(each.corpus, each.tables, question=each.runtime.question)
        classes = _class_stages(each.runtime, each.corpus, each.tables)
        counted = {"costs": costs, "annotation_stages": stages, "class_stages": classes}
        of_question = {**tables, **each.tables, **counted}
        plots = reporting.report_plots(each.corpus, of_question, {})
        embeddings = step_run.embeddings_of(each.tables["labels"]["sample_id"])
        found.append(reporting.ReportedQuestion(each.runtime.question, each.corpus, of_question, plots, embeddings))
    return found


def _class_stages(runtime: CorpusRuntime, corpus: Corpus, tables: Mapping[str, pa.Table]) -> pa.Table:
    """The stage of each class of a question; batches count in the order in which they were opened."""
    reviewed = tables.get("reviewed_labels")
    ordered = {} if reviewed is None else {"reviewed_labels": by_opening(runtime, reviewed)}
    return reporting.class_stages_of(corpus, {**tables, **ordered}, question=runtime.question)


def _label_trends(step_run: StepRun, tables: dict[str, pa.Table]) -> pa.Table:
    """How labels did over time, of the corpus or of each of its questions."""
    earlier = step_run.look_up("label_trends")
    asking = {
        each.runtime.corpus.name: each.tables for each in labelled_questions(step_run.runtime, run_id=step_run.run_id)
    }
    found = [
        label_history(each, reviewed, earlier)
        for each in step_run.runtime.asking
        if (reviewed := asking.get(each.corpus.name, tables).get("reviewed_labels")) is not None
    ]
    return pa.concat_tables(found) if found else LABEL_TRENDS.empty_table()


def _as_used(step_run: StepRun) -> tuple[Corpus, tuple[float, ...]]:
    """The corpus as its tables were made with it, with the known labels of now; and the limits of the drift alarm."""
    used, now = step_run.used(), step_run.corpus
    own = {name: getattr(now, name) for name in ("known_label_column", "known_label_pattern")}
    limits = {block["alarm_p"] for _, block in values_used(used, "drift_report", "drift")}
    return corpus_used(configuration_used(used, now) | own, now), tuple(sorted(limits))


def _failed_checks(step_run: StepRun, corpus: Corpus, metrics: pa.Table) -> list[reporting.FailedCheck]:
    """What the checks found in the tables that the report is made of, and in the report itself."""
    before = MADE_STEPS[: MADE_STEPS.index(step_run.step)]
    found = [
        reporting.FailedCheck(row["step"], row["batch"], row["check"], row["detail"], row["is_blocking"])
        for row in failed_checks(step_run.runtime)
        # That of one of several questions stands behind its name.
        if (step := row["step"].rpartition(" ")[2]) in before
        and (step in step_run.runtime.steps or step != row["step"])
    ]
    own = (result for result in evaluate(step_run.step, {step_run.step: metrics}, corpus) if not result.passed)
    own_checks = [reporting.FailedCheck(step_run.step, "", of.name, of.detail, of.is_blocking) for of in own]
    return sorted([*found, *own_checks], key=lambda check: not check.is_blocking)


def _provenance(step_run: StepRun, names: list[str]) -> tuple[dict[str, float], dict[str, str]]:
    """Seconds per step in their order, and the version of every table, of this corpus so far."""
    seconds: dict[str, float] = {}
    for (step, _), version in step_run.all_versions().items():
        seconds[step] = seconds.get(step, 0.0) + version.seconds
    found = {name: step_run.table_version(name) for name in names}
    encoder = step_run.encoder_of("cluster_tree").shown
    made = {"encoder": encoder} if encoder else {}
    return in_order(seconds), made | {name: f"table version {n}" for name, n in found.items() if n is not None}


def _headline(metrics: pa.Table) -> dict[str, Any]:
    funnel = metrics.filter(pc.equal(metrics["metric"], "funnel"))
    return {f"funnel {row['scope']}": int(row["value"]) for row in funnel.to_pylist()}
