import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from chat_server import CLASSES, ChatServer, chat_server
from reviewed_rows import reviewed
from schema_tables import table

from data_engine.corpus import Corpus
from data_engine.labeling.deciders.cascade import Opinion
from data_engine.labeling.gate import Gate
from data_engine.runtime.foundation_model.asked_samples import ALL_ASKED, AskedModel, ask_foundation_model

HELD = [f"h{n}" for n in range(25)]
POOL = [f"p{n}" for n in range(6)]
SURE = Gate(0.5, 0.96, 60, 0.95, 0.9)


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with chat_server() as server:
        yield server


@pytest.fixture
def step_run(chat: ChatServer, tmp_path: Path) -> Callable[..., Any]:
    """A run of the step over samples whose text is their id with `boat` in every second one."""

    def make(**settings: Any) -> Any:
        corpus = Corpus.model_validate(
            {
                "name": "c",
                "source": {"kind": "jsonl", "path": "x"},
                "subset": {"target_size": 10},
                "labels": {
                    "question": "What is it about?",
                    "classes": CLASSES,
                    "target_precision": 0.9,
                    "deciders": ["classifier", "foundation_model", "person"],
                },
                "known_label_column": "topic",
                "foundation_model": {
                    "name": "small", "url": chat.url, "model": "m", "injection_tests": 4, "n_examples": 1,
                    "max_attempts": 1, "price_in": 1000.0, **settings,
                },
            }
        )  # fmt: skip
        return SimpleNamespace(
            corpus=corpus,
            run_id="one",
            runtime=SimpleNamespace(corpus=corpus, shared=None, question="", corpus_folder=tmp_path),
            embeddings_of=lambda ids: {name: np.array([1, 0], np.float32) for name in ids.to_pylist()},
            look_up=lambda name, columns, among: table(
                name, [_raw(each) for each in among["sample_id"].to_pylist()]
            ).select(columns),
            progress=lambda text, total: lambda n: None,
        )

    return make


def _text(name: str) -> str:
    return f"{name} boat" if int(name[1:]) % 2 else name


def _raw(name: str) -> dict[str, Any]:
    return {"sample_id": name, "text": _text(name), "metadata": json.dumps({"topic": _truth(name)})}


def _truth(name: str) -> str:
    return "sailing" if int(name[1:]) % 2 else "baking"


def _nobody(ids: list[str]) -> list[Opinion]:
    return [Opinion("classifier", SURE, tuple("x" for _ in ids), np.zeros(len(ids)))]


def _answers(*more: tuple[str, str, str]) -> pa.Table:
    return reviewed(*((name, _truth(name), "hold_out") for name in HELD), *more)


def _of(asked: AskedModel, purpose: str) -> dict[str, Any]:
    return {row["sample_id"]: row for row in asked.rows.to_pylist() if row["purpose"] == purpose}


def test_the_hold_out_certifies_and_then_the_pool_is_asked(chat: ChatServer, step_run: Callable[..., Any]) -> None:
    asked = ask_foundation_model(step_run(), POOL, _answers(), _nobody)
    assert asked.state == ALL_ASKED
    assert asked.opinion.is_sure.all()
    assert {name: row["label"] for name, row in _of(asked, "pool").items()} == {name: _truth(name) for name in POOL}
    assert sorted(_of(asked, "hold_out")) == sorted(HELD)
    assert len(_of(asked, "injection")) == 4
    assert len(chat.bodies) == len(HELD) + len(POOL) + 4


def test_a_model_that_cannot_be_certified_costs_its_hold_out_and_no_more(
    chat: ChatServer, step_run: Callable[..., Any]
) -> None:
    chat.answer = lambda text, body: "baking"
    asked = ask_foundation_model(step_run(), POOL, _answers(), _nobody)
    assert not asked.opinion.is_sure.any()
    assert asked.opinion.why(0) == "not asked: no gate on the 25 hold-out samples that reach it"
    assert len(chat.bodies) == len(HELD)


def test_what_a_decider_before_is_sure_of_and_what_people_answered_is_not_asked(
    chat: ChatServer, step_run: Callable[..., Any]
) -> None:
    def of_classifier(ids: list[str]) -> list[Opinion]:
        return [Opinion("classifier", SURE, tuple("x" for _ in ids), np.array([float(n in ("p0", "h0")) for n in ids]))]

    asked = ask_foundation_model(step_run(), POOL, _answers(("p1", "sailing", "query")), of_classifier)
    assert set(_of(asked, "pool")) == set(POOL) - {"p0", "p1"}
    assert set(_of(asked, "hold_out")) == set(HELD) - {"h0"}
    assert all('"answer": "sailing"' in body["messages"][2]["content"] for body in chat.bodies)


def test_a_failure_leaves_the_step_to_ask_again(chat: ChatServer, step_run: Callable[..., Any]) -> None:
    first = ask_foundation_model(step_run(), POOL, _answers(), _nobody)
    chat.todo = ["status 400"]
    asked = ask_foundation_model(step_run(), [*POOL, "p6"], _answers(), _nobody)
    assert (first.state, asked.state) == (ALL_ASKED, "1 not answered")
    assert asked.opinion.why(6) == "small gave no answer: refused, the server refused the request"
    assert ask_foundation_model(step_run(), [*POOL, "p6"], _answers(), _nobody).state == ALL_ASKED


def test_audits_that_contradict_the_gate_shut_the_model_without_asking_anything(
    chat: ChatServer, step_run: Callable[..., Any]
) -> None:
    example = ("e1", "sailing", "query")
    ask_foundation_model(step_run(), POOL, _answers(example), _nobody)
    n_calls = len(chat.bodies)
    others = {"sailing": "baking", "baking": "sailing"}
    audits = [(name, others[_truth(name)], "audit") for name in POOL]
    asked = ask_foundation_model(step_run(), POOL, _answers(example, *audits), _nobody)
    assert asked.opinion.shut.startswith("shut by its audits: 0 of 6 right")
    assert len(chat.bodies) == n_calls


def test_a_large_job_goes_by_a_file(chat: ChatServer, step_run: Callable[..., Any]) -> None:
    asked = ask_foundation_model(step_run(batch_from=20), POOL, _answers(), _nobody)
    assert asked.opinion.is_sure.all()
    assert len(chat.batches) == 1
    assert {row["cost"] for row in _of(asked, "hold_out").values()} == {0.05}
    assert {row["cost"] for row in _of(asked, "pool").values()} == {0.1}


def test_a_simulated_model_answers_from_known_labels_and_says_what_it_is(
    chat: ChatServer, step_run: Callable[..., Any]
) -> None:
    asked = ask_foundation_model(step_run(simulated={"error_rate": 0.0}), POOL, _answers(), _nobody)
    assert {name: row["label"] for name, row in _of(asked, "pool").items()} == {name: _truth(name) for name in POOL}
    assert asked.opinion.why(0).endswith("(simulated foundation model)")
    assert (chat.bodies, _of(asked, "injection")) == ([], {})
