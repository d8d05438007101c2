"""Routes of corpora and batches: what is asked, how far it is, what people disagree about.

Tasks are in `task_routes.py`.
"""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request

from data_engine.errors import NotFound
from data_engine.review_page.access import Admin, Anybody, Reviewer
from data_engine.review_page.forms import AskForm, DecisionForm, EndForm, NameOfPath
from data_engine.review_page.page_state import PageState, state_of
from data_engine.review_page.task_routes import shown_payload

router = APIRouter(prefix="/api/v1")


@router.get("/corpora")
def corpora(_: Anybody, request: Request) -> dict[str, Any]:
    """The corpora of this page, with their questions, classes and instructions."""
    shown = [
        {
            "name": corpus.name,
            "title": corpus.title,
            "question": corpus.question,
            "classes": list(corpus.classes),
            "is_image": corpus.is_of_images,
            "kind": corpus.kind,
            "out_of_scope": corpus.out_of_scope,
            "instructions": corpus.instructions,
            "definitions": dict(corpus.definitions),
            "notices": list(corpus.notices),
        }
        for corpus in state_of(request).corpora.values()
    ]
    return {"corpora": shown}


@router.get("/corpora/{name}/examples")
def examples(name: NameOfPath, _: Anybody, request: Request) -> dict[str, Any]:
    """Answered samples of each class, which nobody is asked about any more."""
    state = state_of(request)
    found = state.queue.examples(state.corpus(name).name)
    shown = {
        label: [
            {"task_id": each["task_id"], "is_simulated": each["is_simulated"], **shown_payload(each["payload"])}
            for each in rows
        ]
        for label, rows in found.items()
    }
    return {"examples": shown}


@router.get("/corpora/{name}/left")
def left(name: NameOfPath, _: Anybody, request: Request) -> dict[str, Any]:
    """What of a corpus has no label yet, in a sentence."""
    return {"left": state_of(request).corpus(name).left()}


@router.get("/corpora/{name}/proposed")
def proposed(name: NameOfPath, person: Anybody, request: Request) -> dict[str, Any]:
    """How many open tasks propose each class, for the grid."""
    state = state_of(request)
    return {"proposed": state.queue.proposed(person, state.corpus(name).name)}


@router.get("/batches")
def batches(person: Anybody, request: Request) -> dict[str, Any]:
    """The newest batches, with what of them is left for whoever asks."""
    state = state_of(request)
    rows = state.queue.overview(person, list(state.corpora))
    return {"batches": [{**asdict(row), "opened_at": row.opened_at.isoformat()} for row in rows]}


@router.get("/batches/{batch_id}/disputed")
def disputed(batch_id: NameOfPath, _: Reviewer, request: Request) -> dict[str, Any]:
    """Samples about which people disagree, side by side and without names."""
    state = state_of(request)
    rows = state.queue.disputed(batch_id, list(state.corpora))
    shown = [
        {
            **{name: value for name, value in row.items() if name != "payload"},
            **shown_payload(row["payload"]),
            "is_image": state.corpora[row["corpus"]].is_of_images,
            "has_player": state.corpora[row["corpus"]].player_of is not None,
        }
        for row in rows
    ]
    return {"disputed": shown}


@router.post("/batches")
def ask(form: AskForm, person: Admin, request: Request) -> dict[str, Any]:
    """Open a review batch for people, as `data-engine review --ask` does; one that waits already is named instead."""
    state = state_of(request)
    corpus = state.corpus(form.corpus)
    known = {batch.batch_id for batch in state.queue.batches(corpus.name)}
    batch_id = corpus.ask(form.n_queries)
    is_new = batch_id is not None and batch_id not in known
    if is_new:
        state.queue.note(person, "asked", subject_id=batch_id, now=state.clock(), n_queries=form.n_queries)
    return {"batch_id": batch_id, "is_new": is_new}


@router.post("/batches/{batch_id}/decisions", status_code=204)
def decide(batch_id: NameOfPath, form: DecisionForm, person: Reviewer, request: Request) -> None:
    """Decide about a disputed sample."""
    state = state_of(request)
    _require_here(state, batch_id)
    state.queue.settle(person, batch_id, form.sample_id, label=form.label, answer=form.answer, now=state.clock())


@router.post("/batches/{batch_id}/end")
def end(batch_id: NameOfPath, form: EndForm, person: Admin, request: Request) -> dict[str, Any]:
    """End a batch with the answers that it has."""
    state = state_of(request)
    _require_here(state, batch_id)
    return {"is_ended": state.queue.withdraw(person, batch_id, reason=form.reason, now=state.clock())}


def _require_here(state: PageState, batch_id: str) -> None:
    """Raises: NotFound for a batch of a corpus that is not on this page."""
    if batch_id not in {batch.batch_id for batch in state.queue.batches() if batch.corpus in state.corpora}:
        raise NotFound(f"there is no review batch {batch_id!r} here")
