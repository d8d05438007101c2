from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_project import notes_corpus

from data_engine.corpus import Corpus
from data_engine.errors import ChecksFailed
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.question_labels import (
    can_release,
    question_inputs,
    questions_with_labels,
    reads_questions,
    refuse_other_labels,
)
from data_engine.runtime.versions import StepVersion, write_version

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _runtime(folder: Path, **of_size: object) -> CorpusRuntime:
    topic = {"name": "topic", "question": "What is it about?", "classes": ["bread", "boats"]}
    size = {"name": "size", "question": "Is it long?", "classes": ["long", "short"], **of_size}
    return CorpusRuntime(Corpus.model_validate(notes_corpus(Path("source"), labels=[topic, size])), folder)


def _wrote(runtime: CorpusRuntime, step: str, data_version: str, **inputs: str) -> None:
    made_from = {"inputs": {f"{name}.labels/": version for name, version in inputs.items()}}
    found = StepVersion(step, "", data_version, "c", "i", 0, 1, 0.0, "run", _NOW, made_from=made_from)
    write_version(runtime.store(), found)


def test_the_report_and_the_release_follow_from_the_labels_of_questions() -> None:
    steps = ("raw_index", "balanced_subset", "classifier", "labels", "quality_report", "release")
    assert [step for step in steps if reads_questions(step)] == ["quality_report", "release"]


def test_the_labels_of_each_question_are_inputs(tmp_path: Path) -> None:
    runtime = _runtime(tmp_path)
    _wrote(runtime.of_question("size"), "labels", "v1")
    assert question_inputs(runtime) == {"topic.labels/": "missing", "size.labels/": "v1"}
    assert questions_with_labels(runtime) == ["size"]
    assert question_inputs(runtime.of_question("size")) == {}


def test_something_can_be_released_once_a_question_and_every_required_one_has_labels(tmp_path: Path) -> None:
    any_will_do, required = _runtime(tmp_path), _runtime(tmp_path, required=True)
    assert (can_release(any_will_do), can_release(required)) == (False, False)
    _wrote(any_will_do.of_question("topic"), "labels", "v1")
    assert (can_release(any_will_do), can_release(required)) == (True, False)
    _wrote(any_will_do.of_question("size"), "labels", "v1")
    assert can_release(required)


def test_a_report_of_other_labels_is_refused_with_the_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = _runtime(tmp_path)
    monkeypatch.setattr("data_engine.runtime.check_gate.CheckGate.refusal", lambda *_: "")
    _wrote(runtime, "quality_report", "r", topic="missing", size="v1")
    with pytest.raises(ChecksFailed, match="other labels of the question size than there are now"):
        refuse_other_labels(runtime, run_id="run")
    _wrote(runtime.of_question("size"), "labels", "v1")
    refuse_other_labels(runtime, run_id="run")
