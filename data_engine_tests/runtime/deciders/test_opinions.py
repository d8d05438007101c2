"""Audits of rules and classifier, on one corpus whose samples all say the same."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from reviewed_rows import reviewed
from schema_tables import table
from written_steps import notes_runtime

from data_engine.labeling.deciders.cascade import Opinion, not_taken
from data_engine.labeling.gate import Gate
from data_engine.review import NewTask
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.deciders.opinions import Deciders

GATE = Gate(0.5, 0.96, 60, 0.95, 0.9)
HELD = [f"h{n}" for n in range(60)]
AUDITED = [f"a{n}" for n in range(20)]
PROBABILITY = 0.9


class _Classifier:
    """Says that every sample is about baking, with one probability."""

    def __init__(self, probability: float = PROBABILITY) -> None:
        self.probability = probability

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return np.tile(np.array([self.probability, 1 - self.probability], np.float32), (len(x), 1))


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    return notes_runtime(tmp_path)


def _ask_audits(runtime: CorpusRuntime, probability: float | None = PROBABILITY) -> None:
    first, other = runtime.corpus.class_names[:2]
    with runtime.queue() as queue:
        tasks = [NewTask(name, "audit", "blind", {}, first, probability) for name in AUDITED]
        tasks.append(NewTask("q", "query", "blind", {}, other, 0.9))
        queue.open_batch(
            "notes-round-001", corpus="notes", question="?", classes=runtime.corpus.class_names, tasks=tasks,
            cause="test", answers_per_task=1, now=datetime(2026, 3, 1, tzinfo=UTC),
        )  # fmt: skip


def _answers(runtime: CorpusRuntime, n_wrong: int) -> pa.Table:
    first, other = runtime.corpus.class_names[:2]
    return reviewed(
        *((name, first, "hold_out") for name in HELD),
        *((name, other if n < n_wrong else first, "audit") for n, name in enumerate(AUDITED)),
    )


def _deciders(runtime: Any, answers: pa.Table, *, probability: float = PROBABILITY, text: str = "") -> Deciders:
    def embeddings_of(ids: pa.Array) -> dict[str, np.ndarray]:
        return {name: np.ones(2, np.float32) for name in ids.to_pylist()}

    def look_up(name: str, columns: Sequence[str], among: Any) -> pa.Table:
        rows = [{"sample_id": each, "text": text} for each in among["sample_id"].to_pylist()]
        return table(name, rows).select(columns)

    step_run: Any = SimpleNamespace(
        corpus=runtime.corpus, runtime=runtime, embeddings_of=embeddings_of, look_up=look_up
    )
    classifier: Any = _Classifier(probability)
    return Deciders(step_run, answers, classifier, GATE)


def test_what_no_opinion_is_sure_of_goes_on() -> None:
    opinions = [
        Opinion("rules", GATE, ("x", None, "x"), np.array([1.0, 0.0, 0.1])),
        Opinion("classifier", GATE, ("x", "x", "x"), np.array([0.1, 0.6, 0.1])),
    ]
    assert not_taken(["a", "b", "c"], opinions) == {"c"}
    assert not_taken(["a"], []) == {"a"}


@pytest.mark.parametrize(("n_wrong", "is_sure"), [(0, True), (2, True), (8, False)])
def test_audits_of_what_the_classifier_proposed_shut_it(runtime: CorpusRuntime, n_wrong: int, is_sure: bool) -> None:
    _ask_audits(runtime)
    opinion = _deciders(runtime, _answers(runtime, n_wrong)).opinions(["classifier"], ["x"])["classifier"]
    assert opinion.is_sure.tolist() == [is_sure]
    assert ("shut by its audits: 12 of 20 right" in opinion.why(0)) == (not is_sure)


def test_a_newer_version_is_not_judged_by_audits_of_the_one_before(runtime: CorpusRuntime) -> None:
    _ask_audits(runtime)
    newer = _deciders(runtime, _answers(runtime, 20), probability=0.91)
    assert newer.why_classifier_shut == ""
    assert newer.opinions(["classifier"], ["x"])["classifier"].is_sure.all()


def test_audits_whose_proposal_nobody_knows_shut_nothing(runtime: CorpusRuntime) -> None:
    assert _deciders(runtime, _answers(runtime, 20)).why_classifier_shut == ""
    _ask_audits(runtime, None)
    assert _deciders(runtime, _answers(runtime, 20)).why_classifier_shut == ""


def _with_rules(runtime: CorpusRuntime) -> Any:
    first = runtime.corpus.class_names[0]
    labels = runtime.corpus.labels.model_dump() | {
        "deciders": [{"name": "rules", "patterns": {first: ["boat"]}}, "classifier", "person"]
    }
    corpus = runtime.corpus.model_validate(runtime.corpus.model_dump() | {"labels": labels})
    return SimpleNamespace(corpus=corpus, queue=runtime.queue)


@pytest.mark.parametrize(("n_wrong", "is_sure"), [(0, True), (8, False)])
def test_audits_that_contradict_the_rules_shut_them(runtime: CorpusRuntime, n_wrong: int, is_sure: bool) -> None:
    deciders = _deciders(_with_rules(runtime), _answers(runtime, n_wrong), text="a boat")
    opinion = deciders.opinions(["rules"], ["x"])["rules"]
    assert opinion.gate.threshold == 1.0
    assert opinion.is_sure.tolist() == [is_sure]
    assert ("shut by its audits: 12 of 20 right" in opinion.why(0)) == (not is_sure)


def test_audits_of_what_the_rules_take_say_nothing_of_the_classifier(runtime: CorpusRuntime) -> None:
    _ask_audits(runtime)
    taken = _deciders(_with_rules(runtime), _answers(runtime, 2), text="a boat")
    assert taken.opinions(["rules"], ["x"])["rules"].is_sure.all()
    assert taken.why_classifier_shut == ""


@pytest.mark.parametrize("withdrawn", [None, "shut by its audits"])
def test_the_classifier_says_nothing_of_what_it_learnt_from_the_foundation_model(
    runtime: CorpusRuntime, withdrawn: str | None
) -> None:
    labels = runtime.corpus.labels.model_dump() | {
        "deciders": ["classifier", {"name": "foundation_model", "teaches": True}, "person"]
    }
    model = {"name": "small", "url": "http://h/v1", "model": "m"}
    described = runtime.corpus.model_dump() | {"labels": labels, "foundation_model": model}
    taught = SimpleNamespace(corpus=runtime.corpus.model_validate(described), queue=runtime.queue)
    deciders = _deciders(taught, _answers(runtime, 0))
    row = {
        "sample_id": "x", "model": "small: m", "label": "baking", "confidence": 0.9, "gate_lower_bound": 0.95,
        "is_simulated": False, "withdrawn": withdrawn,
    }  # fmt: skip
    deciders.step_run.look_up = lambda _: table("distilled_answers", [row])  # type: ignore[method-assign]
    opinion = deciders.opinions(["classifier"], ["x", "y"])["classifier"]
    assert opinion.is_sure.tolist() == [False, True]
    assert opinion.why(0) == "it learnt this sample from the foundation model"
