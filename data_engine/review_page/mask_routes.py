"""The route that predicts the mask of an object of a task, from extreme points and clicks.

What is predicted is in `mask_predictions.py`; answers with masks come in by `task_routes.py`, like all others.
"""

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from data_engine.review_page.access import Anybody
from data_engine.review_page.forms import IdOfPath, MaskForm
from data_engine.review_page.mask_predictions import MaskPrompt
from data_engine.review_page.newest_work import Superseded
from data_engine.review_page.page_state import state_of

router = APIRouter(prefix="/api/v1")


@router.post("/tasks/{task_id}/mask")
async def mask(task_id: IdOfPath, form: MaskForm, person: Anybody, request: Request) -> dict[str, Any]:
    """The mask of an object as polygons and run lengths; 409 for what a newer click at the same object replaced."""
    state = state_of(request)
    name, sample_id = await run_in_threadpool(state.queue.sample_of, person, task_id)
    prompt = MaskPrompt(form.extreme_points, form.clicks, form.previous, form.n_new_clicks)
    found = state.masks.submit((person.annotator, task_id, form.object_number), state.corpus(name), sample_id, prompt)
    patience_s = state.masks.work.patience_s
    try:
        return asdict(await asyncio.wait_for(asyncio.wrap_future(found), patience_s))
    except Superseded as error:
        raise HTTPException(409, str(error)) from error
    except TimeoutError as error:
        raise HTTPException(
            504, f"the prediction took more than {patience_s:g} s; draw the outline by hand, or click again"
        ) from error
