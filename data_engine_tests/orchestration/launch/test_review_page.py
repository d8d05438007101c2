"""The page of a project: its address with a token, its names, why it is not served."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_project import SmallProject, notes_corpus

from data_engine.errors import InvalidInput
from data_engine.orchestration.launch import review_page
from data_engine.orchestration.launch.review_page import Serving, open_batch, queue_of, serve_page
from data_engine.review import NewTask


@pytest.fixture
def asking(project: SmallProject) -> SmallProject:
    """A project with the corpus `notes`, and one open task."""
    (project.folder / "source").mkdir()
    project.add(notes_corpus(Path("source")))
    task = NewTask("a", "query", "manual", {"text": "rails"})
    classes = project.load().runtime("notes").corpus.class_names
    with project.load().runtime("notes").queue() as queue:
        queue.open_batch(
            "notes-round-000", corpus="notes", question="?", classes=classes, tasks=[task], cause="c",
            now=datetime.now(UTC),
        )  # fmt: skip
    return project


def _asked(address: str, path: str, token: str, **headers: str) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(f"{address}{path}", headers={"Authorization": f"Bearer {token}", **headers})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_command_prints_one_line_that_opens_the_page_until_it_is_stopped(
    asking: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(asking.folder))
    command = [sys.executable, "-m", "data_engine.cli", "review", "--annotator", "ada", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": ":".join([str(asking.folder), *sys.path])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    address, _, token = line.removeprefix("Review page: ").strip().partition("/#token=")
    assert line.startswith("Review page: http://127.0.0.1:")
    assert _asked(address, "/api/v1/me", token)[1] == {"annotator": "ada", "role": "admin", "lease_s": 420}
    assert _asked(address, "/api/v1/me", "wrong")[0] == 401
    assert _asked(address, "/api/v1/me", token, Host="elsewhere")[0] == 400
    (batch,) = _asked(address, "/api/v1/batches", token)[1]["batches"]  # type: ignore[misc]
    assert batch["batch_id"] == "notes-round-000"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[0] == ""
    assert process.returncode == 0


def test_a_page_without_a_name_or_a_question_is_not_served(asking: SmallProject) -> None:
    with pytest.raises(InvalidInput, match="give your name with --annotator"):
        serve_page(asking.load(), None, Serving(""), say=lambda _: None)
    with pytest.raises(InvalidInput, match="only simulated annotators' names start with"):
        serve_page(asking.load(), None, Serving("simulated:ada"), say=lambda _: None)
    asking.change("notes", labels=None, review={"simulated": []}, known_label_column=None)
    said: list[str] = []
    serve_page(asking.load(), None, Serving("ada", is_beside_ui=True), say=said.append)
    assert said[0].startswith("no review page: corpus notes has no block labels")


def test_all_corpora_share_one_queue(asking: SmallProject) -> None:
    with queue_of(asking.load()) as queue:
        assert [batch.batch_id for batch in queue.batches()] == ["notes-round-000"]


def test_who_asks_is_on_record_and_a_batch_that_waits_is_nobodys_asking(
    asking: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, said = asking.load().runtime("notes"), []
    open_batch(runtime, 5, by="ada", say=said.append)
    assert said == ["notes-round-000 waits for answers: 1 task"]
    monkeypatch.setattr(review_page, "ask_people", lambda *_: "notes-round-001")
    open_batch(runtime, 5, by="ada", say=said.append)
    with queue_of(asking.load()) as queue:
        (done,) = queue.actions()
    assert (done.annotator, done.kind, done.subject_id, done.detail) == (
        "ada",
        "asked",
        "notes-round-001",
        {"n_queries": 5},
    )
