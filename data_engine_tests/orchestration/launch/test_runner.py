from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from rich.console import Console
from written_steps import notes_runtime

from data_engine.errors import DataEngineError, InvalidInput, NotEnoughData
from data_engine.orchestration.launch import runner
from data_engine.orchestration.launch.job_runs import JobRuns
from data_engine.orchestration.launch.runner import OneCommandRun
from data_engine.runtime.corpus_runtime import CorpusRuntime


def test_all_batches_that_opened_again_are_answered_before_anything_is_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = [
        SimpleNamespace(batch_id=f"notes-round-00{k}", is_ready=False, is_answered=False, cause="round") for k in (0, 1)
    ]
    done: list[str] = []

    @contextmanager
    def queue(_: CorpusRuntime) -> Iterator[Any]:
        yield SimpleNamespace(batches=lambda _: batches)

    def answer(_: OneCommandRun, batch_id: str) -> int:
        done.append(batch_id)
        next(each for each in batches if each.batch_id == batch_id).is_answered = True
        return 1

    def learn(_: OneCommandRun, again: list[str], **__: object) -> bool:
        assert again == []
        done.append("learnt")
        return True

    for said in ("say_before_labels", "say_asked_again"):
        monkeypatch.setattr(runner.run_remarks, said, lambda *_: None)
    monkeypatch.setattr(CorpusRuntime, "queue", queue)
    monkeypatch.setattr(OneCommandRun, "_answer", answer)
    monkeypatch.setattr(OneCommandRun, "_learn", learn)
    monkeypatch.setattr(OneCommandRun, "_take_answers", lambda _: None)
    monkeypatch.setattr(OneCommandRun, "_is_stale", lambda *_: False)
    monkeypatch.setattr(runner, "known_batches", lambda *_: range(9))
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        runtime = notes_runtime(tmp_path)
        OneCommandRun(runtime, dg.Definitions(), instance, Console(file=StringIO()))._label()
    assert done == ["learnt", "notes-round-000", "notes-round-001", "learnt"]


@pytest.mark.parametrize(
    ("error", "kind", "goes_on"),
    [
        (NotEnoughData("learn failed: the grid found none"), "objects", True),
        (InvalidInput("learn failed: torn weights"), "objects", False),
        (NotEnoughData("learn failed: the hold-out is empty"), "classes", False),
    ],
)
def test_a_run_goes_on_by_hand_where_no_object_was_found_and_ends_at_every_other_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: DataEngineError, kind: str, goes_on: bool
) -> None:
    def launch(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(JobRuns, "launch", launch)
    monkeypatch.setattr(OneCommandRun, "_is_stale", lambda *_: True)
    monkeypatch.setattr(OneCommandRun, "_has", lambda _, step: step == "reviewed_labels")
    monkeypatch.setattr(runner, "why_not_learnt", lambda _: "")
    runtime, console = notes_runtime(tmp_path), Console(file=StringIO(), width=200)
    labels = runtime.corpus.labels.model_copy(update={"kind": kind})
    runtime.__dict__["corpus"] = runtime.corpus.model_copy(update={"labels": labels})
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        run = OneCommandRun(runtime, dg.Definitions(), instance, console)
        if goes_on:
            assert run._learn([], may_ask=False)
        else:
            with pytest.raises(type(error), match=str(error)):
                run._learn([], may_ask=False)
    said = "note nothing is proposed, objects are asked for by hand: learn failed: the grid found none"
    assert (said in console.file.getvalue()) == goes_on  # type: ignore[attr-defined]
