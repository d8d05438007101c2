"""Routes of people: who is asking, how everybody answers, tokens and the lines about changes.

Tokens are made and revoked by the command line only.
"""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from data_engine.labeling.answers.shown_annotators import shown_annotator
from data_engine.review.people.person_queue import LEASE_S
from data_engine.review.people.statistics import AnnotatorStatistics
from data_engine.review_page.access import Admin, Anybody, Reviewer
from data_engine.review_page.page_state import state_of

router = APIRouter(prefix="/api/v1")

After = Annotated[int, Query(ge=0, le=2**62)]

#: What an annotator is not told of their own answers, because it would help to tell traps.
_FOR_REVIEWERS = ("n_traps", "trap_catch_rate", "seconds_by_arm")


@router.get("/me")
def me(person: Anybody) -> dict[str, Any]:
    """Who is asking."""
    return {"annotator": person.annotator, "role": person.role, "lease_s": LEASE_S}


@router.get("/statistics")
def own_statistics(person: Anybody, request: Request) -> dict[str, Any]:
    """How whoever asks answers."""
    state = state_of(request)
    found = state.queue.statistics(list(state.corpora), name=person.annotator, now=state.clock())
    return {"annotators": [_shown(row, is_reviewer=person.may("reviewer")) for row in found]}


@router.get("/statistics/people")
def statistics_of_all(_: Reviewer, request: Request) -> dict[str, Any]:
    """How everybody answers, with the codes of checks and reports; there are no seconds of simulated annotators."""
    state = state_of(request)
    found = state.queue.statistics(list(state.corpora), now=state.clock())
    return {
        "annotators": [{**_shown(row, is_reviewer=True), "shown_as": shown_annotator(row.annotator)} for row in found]
    }


@router.get("/changes")
def changes(_: Reviewer, request: Request, after: After = 0) -> dict[str, Any]:
    """What happened to batches since a cursor."""
    state = state_of(request)
    return {"changes": [asdict(row) for row in state.queue.changes(after) if row.corpus in state.corpora]}


@router.get("/actions")
def actions(_: Admin, request: Request, after: After = 0) -> dict[str, Any]:
    """Who changed what, at most 500 lines since a cursor."""
    rows = state_of(request).queue.actions(after)
    return {"actions": [{**asdict(row), "at": row.at.isoformat()} for row in rows]}


@router.get("/tokens")
def tokens(_: Admin, request: Request) -> dict[str, Any]:
    """The tokens that there are, without the tokens themselves."""
    moments = ("created_at", "expires_at", "revoked_at")
    shown = []
    for row in map(asdict, state_of(request).queue.tokens()):
        shown.append({**row, **{name: row[name] and row[name].isoformat() for name in moments}})
    return {"tokens": shown}


def _shown(row: AnnotatorStatistics, *, is_reviewer: bool) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if is_reviewer or name not in _FOR_REVIEWERS}
