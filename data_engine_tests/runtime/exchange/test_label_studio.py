"""The bridge of a corpus, with the token of the environment."""

import base64
from datetime import UTC, datetime

import pytest
from label_studio_server import TOKEN, studio_server
from written_steps import notes_runtime

from data_engine.errors import InvalidInput
from data_engine.review import NewTask
from data_engine.runtime.exchange import label_studio
from data_engine.runtime.exchange.label_studio import pull_answers, push_tasks

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _with_task(runtime):
    with runtime.queue() as queue:
        asked = {"corpus": "notes", "question": "?", "classes": runtime.corpus.class_names, "cause": "c", "now": NOW}
        queue.open_batch("one", tasks=[NewTask("s0", "query", "manual", {"text": "note"})], **asked)
    return runtime


def test_tasks_go_there_and_answers_come_back(tmp_path, engine_folder, monkeypatch):
    runtime = _with_task(notes_runtime(tmp_path))
    monkeypatch.setenv(label_studio.TOKEN, TOKEN)
    with studio_server(runtime.corpus.class_names) as studio:
        assert push_tasks(runtime, studio.url, 7).n_new == 1
        studio.answer(1, "trains")
        assert dict(pull_answers(runtime, studio.url, 7, now=NOW).outcomes) == {"new": 1}
    assert not [path for path in engine_folder.rglob("review.db*") if TOKEN.encode() in path.read_bytes()]


def test_images_go_there_as_data(tmp_path, monkeypatch):
    from data_engine.review_page.page_corpus import ShownImage

    runtime = notes_runtime(tmp_path)
    object.__setattr__(runtime.corpus, "modality", "image")
    _with_task(runtime)
    monkeypatch.setenv(label_studio.TOKEN, TOKEN)
    monkeypatch.setattr(
        "data_engine.runtime.review_page.sample_images.SampleImages",
        lambda runtime: lambda sample_id, is_small: ShownImage("image/png", sample_id.encode()),
    )
    with studio_server(runtime.corpus.class_names) as studio:
        control = studio.settings["parsed_label_config"]["label"]
        control |= {"to_name": ["image"], "inputs": [{"type": "Image", "value": "image"}]}
        push_tasks(runtime, studio.url, 7)
        assert studio.tasks[0]["data"]["image"] == f"data:image/png;base64,{base64.b64encode(b's0').decode()}"


def test_without_a_token_or_a_question_nothing_is_asked(tmp_path, monkeypatch):
    monkeypatch.delenv(label_studio.TOKEN, raising=False)
    with pytest.raises(InvalidInput, match="the variable LABEL_STUDIO_API_KEY of the environment is not set"):
        pull_answers(notes_runtime(tmp_path), "http://127.0.0.1:1", 7, now=NOW)
    with pytest.raises(InvalidInput, match="has no block labels, so nobody is asked"):
        push_tasks(notes_runtime(tmp_path, labels=None, review={}), "http://127.0.0.1:1", 7)
