"""Pushing open tasks to Label Studio: the most urgent first, with proposals as predictions, each once.

Pulling answers is in `pulling.py`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.errors import InvalidInput
from data_engine.review.exchange.label_studio import OURS
from data_engine.review.label_studio.client import LabelStudioProject, Uncertain
from data_engine.review.queue_records import ARMS_SHOWING_PROPOSAL
from data_engine.review.queue_tables import proposal, task

_AT_ONCE, _MOST_BYTES_AT_ONCE = 100, 20 * 1024**2
_TRIES = 3


@dataclass(frozen=True)
class OpenTask:
    """A task that waits for answers, as it is pushed; `proposed_label` is None where the arm shows none."""

    task_id: str
    batch_id: str
    sample_id: str
    text: str
    uri: str | None
    priority: float
    n_wanted: int
    proposed_label: str | None
    probability: float | None


@dataclass(frozen=True)
class Pushed:
    """How many tasks were added, how many were there already, and what whoever pushed should know."""

    n_new: int
    n_there: int
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class ChoiceControl:
    """The control of a labeling interface with the classes as choices, and the key of the data that it is about."""

    from_name: str
    to_name: str
    data_key: str
    is_image: bool


def read_open_tasks(connection: Connection, corpus: str) -> list[OpenTask]:
    """The open tasks of a corpus, those that are asked first in front; not those about images that we make."""
    query = (
        sa.select(task, proposal.c.label, proposal.c.probability)
        .outerjoin(proposal, proposal.c.task_id == task.c.task_id)
        .where(task.c.corpus == corpus, task.c.is_open, task.c.purpose != "synthesised")
        .order_by(task.c.priority.desc(), task.c.opened_at, task.c.batch_id, task.c.position)
    )
    found = []
    for row in connection.execute(query):
        payload = json.loads(row.payload)
        is_shown = row.arm in ARMS_SHOWING_PROPOSAL
        found.append(
            OpenTask(
                task_id=row.task_id,
                batch_id=row.batch_id,
                sample_id=row.sample_id,
                text=payload.get("text") or "",
                uri=payload.get("uri"),
                priority=row.priority,
                n_wanted=row.n_wanted,
                proposed_label=row.label if is_shown else None,
                probability=row.probability if is_shown else None,
            )
        )
    return found


def push(
    project: LabelStudioProject,
    tasks: Sequence[OpenTask],
    *,
    classes: Sequence[str],
    corpus: str,
    queue_id: str,
    image_of: Callable[[str], str] | None,
) -> Pushed:
    """Add the tasks that the project lacks, in their order.

    Args:
        project: Where to.
        tasks: As `read_open_tasks` gives them.
        classes: The possible answers, which the project's choices have to hold.
        corpus: Whose tasks these are.
        queue_id: Of the queue, by which answers are known again.
        image_of: The image of a sample as a data URL; None where samples are texts.

    Raises: InvalidInput for a project with another labeling interface; LabelStudioError.
    """
    settings = project.settings()
    control = choice_control(settings, classes, is_image=image_of is not None)
    there = _pushed(project, queue_id)
    n_there = len([each for each in tasks if each.task_id in there])
    for attempt in range(1, _TRIES + 1):
        left = [each for each in tasks if each.task_id not in there]
        documents = (_document(each, control, corpus, queue_id, image_of) for each in left)
        try:
            for chunk in _chunks(documents):
                project.import_tasks(chunk)
            break
        except Uncertain:
            if attempt == _TRIES:
                raise
            there = _pushed(project, queue_id)
    return Pushed(len(tasks) - n_there, n_there, tuple(_remarks(settings, tasks)))


def choice_control(settings: Mapping[str, Any], classes: Sequence[str], *, is_image: bool) -> ChoiceControl:
    """The control of a project that asks for one of the classes.

    Raises: InvalidInput, with a labeling interface that fits, where there is none or it lacks classes.
    """
    parsed = settings.get("parsed_label_config")
    kind = "Image" if is_image else "Text"
    for name, control in (parsed if isinstance(parsed, Mapping) else {}).items():
        if not isinstance(control, Mapping) or control.get("type") != "Choices":
            continue
        inputs, to_names, labels = (control.get(key) or [] for key in ("inputs", "to_name", "labels"))
        lacking = sorted(set(classes) - set(labels))
        if lacking:
            raise InvalidInput(f"the choices of the project lack {lacking[:10]}; {_interface_said(classes, kind)}")
        if inputs and to_names and inputs[0].get("type") == kind:
            return ChoiceControl(str(name), str(to_names[0]), str(inputs[0].get("value")), is_image)
    raise InvalidInput(
        f"the project does not ask for one class of one {kind.lower()}; {_interface_said(classes, kind)}"
    )


def labeling_interface(classes: Sequence[str], kind: str) -> str:
    """A labeling interface of Label Studio that asks for one of the classes; `kind` is `Text` or `Image`."""
    from xml.sax.saxutils import quoteattr

    choices = "".join(f"<Choice value={quoteattr(name)}/>" for name in classes)
    shown = kind.lower()
    return (
        f'<View><{kind} name="{shown}" value="${shown}"/>'
        f'<Choices name="label" toName="{shown}" choice="single" required="true">{choices}</Choices></View>'
    )


def _interface_said(classes: Sequence[str], kind: str) -> str:
    return f"paste this as its labeling interface, in the view Code: {labeling_interface(classes, kind)}"


def ours_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was pushed along with a task of Label Studio; empty for one that was not pushed."""
    meta = record.get("meta")
    ours = meta.get(OURS) if isinstance(meta, Mapping) else None
    return ours if isinstance(ours, Mapping) else {}


def _pushed(project: LabelStudioProject, queue_id: str) -> set[str]:
    """The tasks of this queue that the project has."""
    found = [ours_of(record) for page in project.tasks() for record in page]
    return {str(ours.get("task_id")) for ours in found if ours.get("queue_id") == queue_id}


def _document(
    each: OpenTask,
    control: ChoiceControl,
    corpus: str,
    queue_id: str,
    image_of: Callable[[str], str] | None,
) -> dict[str, Any]:
    shown = each.text if image_of is None else image_of(each.sample_id)
    predictions = []
    if each.proposed_label is not None:
        value = {"choices": [each.proposed_label]}
        result = {"from_name": control.from_name, "to_name": control.to_name, "type": "choices", "value": value}
        score = {} if each.probability is None else {"score": each.probability}
        predictions = [{"model_version": OURS, "result": [result], **score}]
    # Neither arm nor purpose: who answers could look them up, and a trap is none then.
    ours = {"task_id": each.task_id, "review_batch": each.batch_id, "corpus": corpus, "queue_id": queue_id}
    return {
        "data": {control.data_key: shown, "sample_id": each.sample_id, "uri": each.uri, "priority": each.priority},
        "meta": {OURS: ours},
        "predictions": predictions,
    }


def _chunks(documents: Iterable[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    n_bytes = 0
    for document in documents:
        size = len(json.dumps(document))
        if chunk and (len(chunk) == _AT_ONCE or n_bytes + size > _MOST_BYTES_AT_ONCE):
            yield chunk
            chunk, n_bytes = [], 0
        chunk.append(document)
        n_bytes += size
    if chunk:
        yield chunk


def _remarks(settings: Mapping[str, Any], tasks: Sequence[OpenTask]) -> list[str]:
    wanted = max((each.n_wanted for each in tasks), default=1)
    at_most = settings.get("maximum_annotations")
    remarks = []
    if isinstance(at_most, int) and at_most < wanted:
        remarks.append(f"tasks want {wanted} answers, and the project asks for {at_most}: raise Annotations per task")
    if not str(settings.get("sampling", "Sequential")).startswith("Sequential"):
        remarks.append("the project does not ask in the order of its tasks, so the most uncertain do not come first")
    return remarks
