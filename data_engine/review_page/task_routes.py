"""Routes of tasks: taking, keeping, skipping, answering and correcting them, and their images.

Batches and corpora are in `batch_routes.py`.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator

from data_engine.errors import InvalidInput, NotFound
from data_engine.labeling.answers.registry import answer_kind
from data_engine.review.people.tokens import Person
from data_engine.review.queue_records import Lease
from data_engine.review_page.access import Anybody
from data_engine.review_page.byte_ranges import answer_with
from data_engine.review_page.forms import AnswerForm, CorrectionForm, DraftForm, IdOfPath, NextForm, without_nul
from data_engine.review_page.page_corpus import CLASS, OBJECTS, PageCorpus
from data_engine.review_page.page_state import PageState, state_of

router = APIRouter(prefix="/api/v1")

#: Characters of a task's id that stand for it.
_ID_CHARS = 12


@router.post("/next")
def next_tasks(form: NextForm, person: Anybody, request: Request) -> dict[str, Any]:
    """The next tasks beside those that are held; none when nothing is left, and then a sentence about what is."""
    state = state_of(request)
    corpus = state.corpus(form.corpus)
    taken = state.queue.take(
        person,
        corpus=corpus.name,
        batch_id=form.batch,
        proposed=form.proposed,
        holding=form.holding,
        n=form.n,
        now=state.clock(),
    )
    begun = state.queue.drafts(person, [lease.task.task_id for lease in taken])
    return {"tasks": [{**shown_task(lease, corpus), "draft": begun.get(lease.task.task_id, {})} for lease in taken]}


@router.post("/leases/{lease_id}/renew")
def renew(lease_id: IdOfPath, person: Anybody, request: Request) -> dict[str, Any]:
    """Keep a task for another while."""
    state = state_of(request)
    return {"expires_at": state.queue.prolong(person, lease_id, now=state.clock()).expires_at.isoformat()}


@router.post("/leases/{lease_id}/return", status_code=204)
def hand_back(lease_id: IdOfPath, person: Anybody, request: Request) -> None:
    """Free a task that was held in advance."""
    state = state_of(request)
    state.queue.hand_back(person, lease_id, now=state.clock())


@router.delete("/leases/{lease_id}", status_code=204)
def skip(
    lease_id: IdOfPath,
    reason: Annotated[str, Query(min_length=1, max_length=500), AfterValidator(without_nul)],
    person: Anybody,
    request: Request,
) -> None:
    """Skip a task; it comes again when nothing else is left."""
    state = state_of(request)
    state.queue.skip(person, lease_id, reason=reason, now=state.clock())


@router.put("/tasks/{task_id}/draft", status_code=204)
def keep_draft(task_id: IdOfPath, form: DraftForm, person: Anybody, request: Request) -> None:
    """Keep what was begun to be answered; 409 where the task wants no answer any more, and then it is kept too."""
    state = state_of(request)
    state.queue.keep_draft(person, task_id, form.model_dump(exclude_none=True), now=state.clock())


@router.get("/tasks/{task_id}/draft")
def draft(task_id: IdOfPath, person: Anybody, request: Request) -> dict[str, Any]:
    """What whoever asks has begun to answer of a task."""
    found = state_of(request).queue.drafts(person, [task_id])
    if task_id not in found:
        raise NotFound(f"there is no draft of yours of task {task_id!r}")
    return {"draft": found[task_id]}


@router.get("/leases/{lease_id}/score")
def score(lease_id: IdOfPath, person: Anybody, request: Request) -> dict[str, Any]:
    """How probable the proposal that is shown is, for who asks."""
    return {"probability": state_of(request).queue.probability_of(person, lease_id)}


@router.post("/annotations")
def answer(form: AnswerForm, person: Anybody, request: Request) -> dict[str, Any]:
    """Answer a held task; the same submission again changes nothing."""
    state = state_of(request)
    if form.answer is not None:
        _check_size(state, person, state.queue.task_of(person, lease_id=form.lease_id), form.answer)
    given = state.queue.answer(
        person,
        form.lease_id,
        form.submission_id,
        label=form.label,
        answer=form.answer,
        comment=form.comment,
        active_s=form.active_s,
        now=state.clock(),
    )
    return {"annotation_id": given.annotation_id, "revision": given.revision, "is_repeat": given.is_repeat}


@router.post("/annotations/{annotation_id}/reopen")
def correct(annotation_id: IdOfPath, form: CorrectionForm, person: Anybody, request: Request) -> dict[str, Any]:
    """Put another answer in the place of one's own."""
    state = state_of(request)
    if form.answer is not None:
        _check_size(state, person, state.queue.task_of(person, annotation_id=annotation_id), form.answer)
    given = state.queue.revise(
        person, annotation_id, label=form.label, answer=form.answer, comment=form.comment, now=state.clock()
    )
    return {"annotation_id": given.annotation_id, "revision": given.revision, "is_repeat": given.is_repeat}


@router.get("/annotations/last")
def last_answers(person: Anybody, request: Request) -> dict[str, Any]:
    """The last ten answers of whoever asks, the newest first."""
    state = state_of(request)
    rows = state.queue.last_answers(person, list(state.corpora))
    return {"answers": [_shown_answer(row, state) for row in rows]}


@router.get("/tasks/{task_id}/media")
def media(
    task_id: IdOfPath,
    person: Anybody,
    request: Request,
    size: Literal["full", "small"] = "full",
    beside: Literal["", "previous", "next"] = "",
) -> Response:
    """The image of a task, or the frame beside it in its video: decoded and written anew by us, as PNG or JPEG; its own
    size is in a header."""
    state = state_of(request)
    name, sample_id = state.queue.sample_of(person, task_id)
    corpus = state.corpus(name)
    if not corpus.is_of_images:
        raise NotFound(f"the tasks of corpus {name} have no images")
    if beside:
        sample_id = _beside(corpus, sample_id, beside)
    shown = corpus.image_of(sample_id, size == "small")
    if corpus.kind == OBJECTS and size == "full" and not beside:
        state.masks.warm_up(corpus, sample_id)
    height, width = shown.size_px or (0, 0)
    return Response(shown.content, media_type=shown.media_type, headers={"X-Image-Size": f"{width}x{height}"})


@router.get("/tasks/{task_id}/player")
def player(task_id: IdOfPath, person: Anybody, request: Request) -> Response:
    """What a browser plays of a task, or the part of it that the header Range asks for."""
    state = state_of(request)
    name, sample_id = state.queue.sample_of(person, task_id)
    corpus = state.corpus(name)
    if corpus.player_of is None:
        raise NotFound(f"the tasks of corpus {name} have nothing to play")
    played = corpus.player_of(sample_id)
    return answer_with(played.content, played.media_type, request.headers.get("range"))


def _beside(corpus: PageCorpus, sample_id: str, which: str) -> str:
    """The sample before or after one in its video. Raises: NotFound where there is none."""
    found: str | None = getattr(corpus.frame_of(sample_id), which, None)
    if found is None:
        raise NotFound(f"there is no {which} frame of this task")
    return found


def _check_size(state: PageState, person: Person, task_id: str, answer: Mapping[str, Any]) -> None:
    """Hold what was drawn against the image: its kind cannot, it sees none.

    Raises: InvalidInput where it was drawn on an image of another size. Where the image is gone, nobody can say.
    """
    name, sample_id = state.queue.sample_of(person, task_id)
    size = state.masks.size_of(state.corpus(name), sample_id)
    if size is not None and answer.get("size") != list(size):
        raise InvalidInput(
            f"the size of the answer is {str(answer.get('size'))[:60]}, and the image has {list(size)} (height, "
            "width); load the page again"
        )


def shown_task(lease: Lease, corpus: PageCorpus) -> dict[str, Any]:
    """A task as a page may know it: neither its arm nor its purpose, which would tell a trap."""
    task = lease.task
    return {
        "lease_id": lease.lease_id,
        "expires_at": lease.expires_at.isoformat(),
        "task_id": task.task_id,
        "batch_id": task.batch_id,
        "corpus": corpus.name,
        "question": task.question,
        "classes": list(task.classes),
        "kind": task.kind,
        "is_image": corpus.is_of_images,
        "has_player": corpus.player_of is not None,
        "proposed_label": task.proposed_label,
        "proposed_answer": None if task.kind == CLASS else json.loads(task.proposed_answer or "null"),
        "was_skipped": task.was_skipped,
        "frame": _shown_frame(corpus, task.sample_id),
        # Where a sample is from may tell its class, and its id that it was asked before; that of the task is mute.
        **{**shown_payload(task.payload), "uri": task.task_id[:_ID_CHARS]},
    }


def _shown_frame(corpus: PageCorpus, sample_id: str) -> dict[str, Any] | None:
    """Where the sample is in its video, without the ids of what is beside it; None where it is in none."""
    found = corpus.frame_of(sample_id)
    kept = ("video", "time_s", "previous_s", "next_s")
    return None if found is None else {name: getattr(found, name) for name in kept}


def shown_payload(payload: Mapping[str, Any]) -> dict[str, str]:
    """The text of a task and where it is from."""
    return {"text": str(payload.get("text") or ""), "uri": str(payload.get("uri") or "")}


def _shown_answer(row: Mapping[str, Any], state: PageState) -> dict[str, Any]:
    kept = ("annotation_id", "task_id", "batch_id", "corpus", "question", "classes", "label", "comment")
    return {
        **{name: row[name] for name in kept},
        "kind": row["kind"],
        "answer": json.loads(row["answer"]),
        "shown": answer_kind(row["kind"]).shown(row["answer"]),
        "submitted_at": row["submitted_at"].isoformat(),
        "is_image": state.corpora[row["corpus"]].is_of_images,
        "has_player": state.corpora[row["corpus"]].player_of is not None,
        **shown_payload(row["payload"]),
    }
