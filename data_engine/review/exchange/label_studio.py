"""Review batches as Label Studio JSON: a list of tasks with predictions and annotations, whose answers are choices.

What Label Studio has no field for lies in each task's `meta` and beside each choice, and comes back from it. Fields as
https://labelstud.io/guide/task_format describes them; the bridge to a server is in `review/label_studio/`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from data_engine.errors import InvalidInput
from data_engine.review.exchange.exchanged import Exchange, ExchangedAnswer, ExchangedBatch, ExchangedTask
from data_engine.review.exchange.remarks import remark_record, remarks_in
from data_engine.review.exchange.rows import batch_of, given_answer, task_of
from data_engine.review.exchange.values import (
    content_of_file,
    json_in,
    name_in,
    needed,
    object_in,
    objects_in,
    text_in,
    truth_in,
)
from data_engine.review.queue_records import ARMS_SHOWING_PROPOSAL
from data_engine.schemas import answer_text

OURS = "data_engine"
"""The key of what Label Studio has no field for."""

CHOICES = "label"
"""The name of the control tag whose choices are the classes."""


def write(exchange: Exchange, path: Path) -> None:
    """Write one JSON list; the same batches give the same bytes."""
    tasks = [_task_of(exchange, task) for task in exchange.tasks]
    path.write_text(json.dumps(tasks, ensure_ascii=False, indent=1) + "\n", "utf-8")


def read(path: Path) -> Exchange:
    """Read the JSON of an export or of an import. Raises: InvalidInput naming the task and what is wrong with it."""
    records = json_in(content_of_file(path).decode("utf-8-sig"))
    if not isinstance(records, list):
        raise InvalidInput("the file is no list of tasks; export it as JSON, not as JSON_MIN or CSV")
    tasks: list[ExchangedTask] = []
    batches: dict[str, ExchangedBatch] = {}
    corpus = queue_id = None
    for number, record in enumerate(records, 1):
        where = f"task {number:,}"
        task, ours = _task_in(object_in(record, where), where)
        corpus, queue_id = corpus or name_in(ours, "corpus", where), queue_id or name_in(ours, "queue_id", where)
        if task.batch_id is not None and task.batch_id not in batches:
            found = batch_of(task.batch_id, ours, where)
            batches |= {} if found is None else {found.batch_id: found}
        tasks.append(task)
    return Exchange(tuple(tasks), batches, corpus, queue_id)


def choice(label: str, *, is_text: bool) -> dict[str, Any]:
    """A class as a result of Label Studio."""
    shown = "text" if is_text else "image"
    return {"from_name": CHOICES, "to_name": shown, "type": "choices", "value": {"choices": [label]}}


def shown_data(task: ExchangedTask) -> dict[str, Any]:
    """What the labeling interface shows of a task."""
    shown = {"image": task.uri} if task.text is None else {"text": task.text}
    return {**shown, "sample_id": task.sample_id, "uri": task.uri}


def answer_of(annotation: object, where: str) -> ExchangedAnswer | None:
    """An annotation of Label Studio as an answer; None for one that was skipped.

    The annotator is the name that lies beside the choice, else the e-mail address, else the number of the account.

    Raises: InvalidInput for what is not one choice, or without an annotator.
    """
    record = object_in(annotation, where)
    if truth_in(record, "was_cancelled", where):
        return None
    results = objects_in(record, "result", where)
    if len(results) != 1:
        raise InvalidInput(f"{where}: result has {len(results)} entries; an answer is one choice")
    result = object_in(results[0], f"{where}: result")
    if result.get("type") != "choices":
        raise InvalidInput(f"{where}: result is of type {ascii(result.get('type'))[:40]}; an answer is of type choices")
    chosen = objects_in(object_in(result.get("value"), f"{where}: value"), "choices", where)
    if len(chosen) != 1 or not isinstance(chosen[0], str):
        raise InvalidInput(f"{where}: there are {len(chosen)} choices; an answer is one text: use choice=single")
    label = needed(text_in({"choice": chosen[0]}, "choice", where), "choice", where)
    ours = object_in(object_in(result.get("meta") or {}, f"{where}: meta").get(OURS) or {}, f"{where}: {OURS}")
    # What was changed in Label Studio since is the answer of whoever changed it.
    row = dict(ours) if ours.get("label") == label else {}
    row.setdefault("answered_at", record.get("updated_at") or record.get("created_at"))
    row.setdefault("annotator", _annotator_of(record, where))
    return given_answer(row, answer_text({"label": label}), where)


def _task_of(exchange: Exchange, task: ExchangedTask) -> dict[str, Any]:
    is_text = task.text is not None
    found = exchange.batches.get(task.batch_id or "")
    # The text is what the task shows, beside this.
    described = {name: value for name, value in task.columns().items() if name != "text"}
    ours = {"corpus": exchange.corpus, "queue_id": exchange.queue_id, **described}
    if found is not None:
        ours |= {name: getattr(found, name) for name in ("question", "kind", "cause", "answers_per_task")}
        ours["opened_at"] = found.opened_at.isoformat()
    if task.remarks:
        ours["remarks"] = [remark_record(remark) for remark in task.remarks]
    predictions = []
    if task.proposed_answer is not None and task.arm in ARMS_SHOWING_PROPOSAL:
        label = json_in(task.proposed_answer)["label"]
        score = {} if task.probability is None else {"score": task.probability}
        predictions = [{"model_version": OURS, "result": [choice(label, is_text=is_text)], **score}]
    return {
        "data": shown_data(task),
        "meta": {OURS: {name: value for name, value in ours.items() if value is not None}},
        "predictions": predictions,
        "annotations": [_annotation_of(answer, is_text=is_text) for answer in task.answers],
    }


def _annotation_of(answer: ExchangedAnswer, *, is_text: bool) -> dict[str, Any]:
    time = None if answer.answered_at is None else answer.answered_at.isoformat()
    label = json_in(answer.answer)["label"]
    ours = {
        "label": label,
        "annotator": answer.annotator,
        "provenance": answer.provenance,
        "active_s": answer.active_s,
        "revision": answer.revision,
        "answered_at": time,
        "comment": answer.comment,
    }
    # Who answered is not told by `completed_by`: Label Studio takes no file that names accounts which it lacks.
    result = {
        **choice(label, is_text=is_text),
        "meta": {OURS: {name: value for name, value in ours.items() if value is not None}},
    }
    times = {"created_at": time, "updated_at": time} if time else {}
    seconds = {} if answer.active_s is None else {"lead_time": answer.active_s}
    return {"result": [result], "was_cancelled": False, "ground_truth": False, **times, **seconds}


def _task_in(record: Mapping[str, Any], where: str) -> tuple[ExchangedTask, Mapping[str, Any]]:
    data, meta = object_in(record.get("data"), f"{where}: data"), object_in(record.get("meta") or {}, f"{where}: meta")
    ours = object_in(meta.get(OURS) or {}, f"{where}: {OURS}")
    named = {name: data[name] for name in ("sample_id", "uri", "text") if name in data}
    if isinstance(data.get("image"), str):
        named.setdefault("uri", data["image"])
    task = task_of({**named, **ours}, where)
    given = objects_in(record, "annotations", where)
    remarks = remarks_in(objects_in(ours, "remarks", where), where)
    return replace(task, answers=tuple(_answers_in(given, where)), remarks=remarks), ours


def _answers_in(annotations: list[Any], where: str) -> Iterator[ExchangedAnswer]:
    for number, annotation in enumerate(annotations, 1):
        answer = answer_of(annotation, f"{where}, annotation {number}")
        if answer is not None:
            yield answer


def _annotator_of(record: Mapping[str, Any], where: str) -> str | None:
    by = record.get("completed_by")
    if isinstance(by, Mapping):
        email = text_in(by, "email", where)
        by = email if email is not None else by.get("id")
    if isinstance(by, int) and not isinstance(by, bool) and 0 <= by < 10**12:
        return f"label-studio:{by}"
    return by if isinstance(by, str) else None
