"""A corpus whose foundation model decides what the classifier is not sure of, from its YAML to its release."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_server import KEY, ChatServer, chat_server
from small_project import TOPICS, SmallProject, notes_corpus, write_notes

from data_engine.runtime.sql_models import models_of
from data_engine.warehouse import query


def topic_of(text: str, _: Any = None) -> str:
    """The topic that most words of a text are of; a text that gives an order is not obeyed."""
    words = text.split()
    return max(TOPICS, key=lambda topic: sum(word in TOPICS[topic].split() for word in words))


@pytest.fixture(scope="module")
def asked_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallProject, ChatServer, str]]:
    """The corpus with its foundation model, run to its release; and what the run said."""
    folder = tmp_path_factory.mktemp("cascade")
    with pytest.MonkeyPatch.context() as patch, chat_server() as chat:
        patch.setenv("CHAT_KEY", KEY)
        patch.setenv("DAGSTER_HOME", str(folder / "home"))
        patch.setenv("DATA_ENGINE_DATA", str(folder / "data"))
        (folder / "home").mkdir()
        project = SmallProject(folder)
        patch.syspath_prepend(str(folder))
        write_notes(folder / "source", "may", 160, 3)
        corpus = notes_corpus(Path("source"), tree={"n_clusters": [24, 8]})
        corpus["subset"] = {"target_size": 140, "compare_with": []}
        corpus["labels"] |= {  # type: ignore[operator]
            "rounds": 0,
            "target_precision": 0.85,
            "deciders": ["foundation_model", {"name": "classifier", "cost": 2}, {"name": "person", "cost": 100}],
        }
        corpus["foundation_model"] = {
            "name": "small", "url": chat.url, "model": "small-1", "key_from": "CHAT_KEY", "price_in": 1000.0,
            "price_out": 2000.0, "injection_tests": 6,
        }  # fmt: skip
        project.add(corpus)
        chat.answer = topic_of
        yield project, chat, project.run("notes")


@pytest.fixture(autouse=True)
def home(
    asked_once: tuple[SmallProject, ChatServer, str], engine_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = asked_once[0].folder
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "home"))
    monkeypatch.setenv("DATA_ENGINE_DATA", str(folder / "data"))


def test_what_the_model_is_certified_for_it_decides(asked_once: tuple[SmallProject, ChatServer, str]) -> None:
    project, _, said = asked_once
    assert "held" not in said
    store = project.load().runtime("notes").store()
    proposals = store.read("proposals").to_pylist()
    taken = [row for row in proposals if row["route"] == "foundation_model"]
    assert len(taken) > 20
    assert all(
        row["reason"].startswith("foundation_model: confidence of small 0.9900 >= gate 0.9900, cost 0.12")
        for row in taken
    )
    labels = store.read("labels").to_pylist()
    by_model = {row["sample_id"]: row["label"] for row in labels if row["provenance"] == "foundation_auto"}
    assert {row["sample_id"]: row["label"] for row in taken} == by_model
    ledger = store.read("ledger", partition={"step": "proposals", "batch": ""}).to_pylist()
    assert {row["model_version"] for row in ledger if row["verdict"] == "foundation_model"} == {"small: small-1"}


def test_answered_samples_are_not_paid_for_and_the_hold_out_is_asked_first(
    asked_once: tuple[SmallProject, ChatServer, str],
) -> None:
    project, chat, _ = asked_once
    store = project.load().runtime("notes").store()
    rows = store.read("foundation_answers").to_pylist()
    reviewed = store.read("reviewed_labels").to_pylist()
    answered = {row["sample_id"] for row in reviewed}
    assert {row["purpose"] for row in rows} == {"hold_out", "pool", "injection"}
    assert not answered & {row["sample_id"] for row in rows if row["purpose"] == "pool"}
    held_out = [row for row in rows if row["purpose"] == "hold_out"]
    of_people = {row["sample_id"]: row["label"] for row in reviewed if row["purpose"] == "hold_out"}
    assert {row["sample_id"]: row["expected"] for row in held_out} == of_people
    assert all(row["label"] == row["expected"] for row in held_out)
    assert sum(row["n_calls"] for row in rows) == len(chat.bodies)
    assert sum(row["purpose"] == "injection" for row in rows) == 6


def test_the_costs_of_every_decider_are_in_table_mart_and_report(
    asked_once: tuple[SmallProject, ChatServer, str],
) -> None:
    project, chat, _ = asked_once
    runtime = project.load().runtime("notes")
    store = runtime.store()
    costs = {row["decider"]: row for row in store.read("costs").to_pylist()}
    proposals, labels = store.read("proposals").to_pylist(), store.read("labels").to_pylist()
    model, people = costs["foundation_model"], costs["person"]
    assert (model["n_calls"], model["tokens_in"]) == (len(chat.bodies), 100 * len(chat.bodies))
    assert model["money"] == pytest.approx(0.12 * len(chat.bodies))
    assert model["n_labels"] == sum(row["provenance"] == "foundation_auto" for row in labels)
    assert costs["classifier"]["n_asked"] == sum(row["route"] != "foundation_model" for row in proposals)
    assert people["money"] == 100 * people["n_asked"] > 0
    assert people["n_labels"] == sum(row["provenance"] == "simulated" and row["in_subset"] for row in labels)
    mart = query(store, "select decider, money from cost_by_decider", models=models_of(runtime)).to_pylist()
    assert {row["decider"]: row["money"] for row in mart} == {name: row["money"] for name, row in costs.items()}
    metrics = {(row["metric"], row["scope"]): row["value"] for row in store.read("quality_report").to_pylist()}
    assert metrics["decision_cost", "foundation_model"] == pytest.approx(model["money"])
    assert metrics["cost_per_label", "foundation_model"] == pytest.approx(model["money"] / model["n_labels"])
    assert metrics["injection_rate", "all"] == 0
    page = (runtime.corpus_folder / "reports" / "report.html").read_text("utf-8")
    assert "What labels cost" in page
    assert "texts with an order in them" in page


def test_nothing_is_asked_twice_and_the_key_is_nowhere(asked_once: tuple[SmallProject, ChatServer, str]) -> None:
    project, chat, said = asked_once
    n_calls = len(chat.bodies)
    assert "nothing new" in project.run("notes")
    assert len(chat.bodies) == n_calls
    assert KEY not in said
    holding = [path for path in project.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert holding == []
