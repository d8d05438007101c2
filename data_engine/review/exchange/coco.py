"""Review batches as COCO: an image for each task, a category for each class, an annotation for each answer.

An answer that is a class says so of the whole image, so its annotation has no box. Boxes and outlines are carried where
an answer holds them. Fields as https://cocodataset.org/#format-data describes them, what COCO lacks below one key.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
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
    needed,
    object_in,
    objects_in,
    text_in,
    whole_number_in,
)
from data_engine.schemas import answer_text

OURS = "data_engine"
"""The key of what COCO has no field for."""

_SHAPES = ("bbox", "segmentation", "area", "iscrowd")
"""What an annotation may say of a part of the image; it is part of the answer."""

_MOST = 10**12


def write(exchange: Exchange, path: Path) -> None:
    """Write one JSON object; the same batches give the same bytes."""
    labels = {json_in(answer.answer).get("label") for task in exchange.tasks for answer in task.answers}
    names = [*exchange.classes, *sorted(name for name in labels - {*exchange.classes} if name is not None)]
    number_of = {name: number for number, name in enumerate(names, 1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, task in enumerate(exchange.tasks, 1):
        images.append({"id": number, "file_name": task.uri or task.sample_id, OURS: _ours_of(task)})
        for answer in task.answers:
            annotations.append(_annotation_of(answer, number_of, image_id=number, number=len(annotations) + 1))
    batches = {name: {**vars(found), "opened_at": found.opened_at.isoformat()} for name, found in _described(exchange)}
    document = {
        "info": {
            "description": "review batches",
            OURS: {"corpus": exchange.corpus, "queue_id": exchange.queue_id, "batches": batches},
        },
        "licenses": [],
        "images": images,
        "categories": [{"id": number, "name": name, "supercategory": ""} for name, number in number_of.items()],
        "annotations": annotations,
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")


def read(path: Path) -> Exchange:
    """Read images with their annotations. Raises: InvalidInput naming the entry and what is wrong with it."""
    document = object_in(json_in(content_of_file(path).decode("utf-8-sig")), "the file")
    for name in ("images", "categories", "annotations"):
        if name not in document:
            raise InvalidInput(f"{name} is missing; a COCO file has images, categories and annotations")
    categories = _numbered(document, "categories", "category")
    names = {
        number: needed(text_in(entry, "name", f"category {number}"), "name", f"category {number}")
        for number, entry in categories.items()
    }
    images, answers = _numbered(document, "images", "image"), _answers_by_image(document, names)
    unknown = sorted(answers.keys() - images.keys())[:10]
    if unknown:
        raise InvalidInput(f"annotations are of the images {unknown}, which the file does not have; add them")
    tasks = tuple(_task_in(entry, f"image {number}", answers[number]) for number, entry in images.items())
    info = object_in(object_in(document.get("info") or {}, "info").get(OURS) or {}, f"info: {OURS}")
    return Exchange(
        tasks,
        _batches_in(info),
        text_in(info, "corpus", "info"),
        text_in(info, "queue_id", "info"),
        tuple(names.values()),
    )


def _described(exchange: Exchange) -> list[tuple[str, ExchangedBatch]]:
    return sorted(exchange.batches.items())


def _ours_of(task: ExchangedTask) -> dict[str, Any]:
    remarks = {"remarks": [remark_record(remark) for remark in task.remarks]} if task.remarks else {}
    return {name: value for name, value in task.columns().items() if value is not None} | remarks


def _annotation_of(
    answer: ExchangedAnswer, number_of: Mapping[str, int], *, image_id: int, number: int
) -> dict[str, Any]:
    said = json_in(answer.answer)
    ours = {name: value for name, value in vars(answer).items() if name not in ("answer", "where")}
    if answer.answered_at is not None:
        ours["answered_at"] = answer.answered_at.isoformat()
    return {
        "id": number,
        "image_id": image_id,
        "category_id": number_of[said["label"]],
        **{name: said[name] for name in _SHAPES if name in said},
        OURS: {name: value for name, value in ours.items() if value is not None},
    }


def _numbered(document: Mapping[str, Any], name: str, one: str) -> dict[int, Mapping[str, Any]]:
    """The entries of a list by their id."""
    found: dict[int, Mapping[str, Any]] = {}
    for place, entry in enumerate(objects_in(document, name, "the file"), 1):
        where = f"{one} {place:,} of the list"
        number = whole_number_in(object_in(entry, where), "id", where, least=0, most=_MOST)
        if number is None or number in found:
            raise InvalidInput(f"{where}: id is {number}, which is missing or there twice; give each an id of its own")
        found[number] = entry
    return found


def _answers_by_image(document: Mapping[str, Any], names: Mapping[int, str]) -> dict[int, list[ExchangedAnswer]]:
    answers: dict[int, list[ExchangedAnswer]] = defaultdict(list)
    for number, entry in _numbered(document, "annotations", "annotation").items():
        where = f"annotation {number}"
        image_id = whole_number_in(entry, "image_id", where, least=0, most=_MOST)
        category_id = whole_number_in(entry, "category_id", where, least=0, most=_MOST)
        if image_id is None or category_id is None or category_id not in names:
            raise InvalidInput(f"{where}: image_id is {image_id}, category_id {category_id}; give ids of the file")
        said = {"label": names[category_id], **{name: entry[name] for name in _SHAPES if name in entry}}
        row = {"annotator": "coco", **object_in(entry.get(OURS) or {}, f"{where}: {OURS}")}
        answers[image_id].append(given_answer(row, answer_text(said), where))
    return answers


def _task_in(entry: Mapping[str, Any], where: str, answers: list[ExchangedAnswer]) -> ExchangedTask:
    ours = object_in(entry.get(OURS) or {}, f"{where}: {OURS}")
    named = {} if "sample_id" in ours else {"uri": entry.get("file_name")}
    remarks = remarks_in(objects_in(ours, "remarks", where), where)
    return replace(task_of({**named, **ours}, where), answers=tuple(answers), remarks=remarks)


def _batches_in(info: Mapping[str, Any]) -> dict[str, ExchangedBatch]:
    found: dict[str, ExchangedBatch] = {}
    for name, entry in object_in(info.get("batches") or {}, "info: batches").items():
        described = batch_of(name, object_in(entry, f"review batch {name[:80]}"), f"review batch {name[:80]}")
        found |= {} if described is None else {name: described}
    return found
