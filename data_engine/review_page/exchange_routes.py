"""The route that gives a review batch as a file, with everybody's answers; importing is for the command line.

Other routes of batches are in `batch_routes.py`.
"""

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from data_engine.errors import NotFound
from data_engine.review.exchange.registry import EXCHANGE_FORMATS, exchange_format, write_file
from data_engine.review_page.access import Admin
from data_engine.review_page.forms import NameOfPath
from data_engine.review_page.page_state import state_of

router = APIRouter(prefix="/api/v1")

_FormName = Annotated[str, Query(alias="format", pattern=f"^({'|'.join(EXCHANGE_FORMATS)})$")]


@router.get("/batches/{batch_id}/export", response_class=Response)
def export(batch_id: NameOfPath, form: _FormName, _: Admin, request: Request) -> Response:
    """A review batch with its answers and who gave them, in one of the exchange formats."""
    state = state_of(request)
    corpus = {each.batch_id: each.corpus for each in state.queue.batches()}.get(batch_id)
    if corpus not in state.corpora or corpus is None:
        raise NotFound(f"there is no review batch {batch_id!r} here")
    exchange = state.queue.exported(corpus, [batch_id])
    shape = exchange_format(form)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"batch{shape.suffix}"
        write_file(exchange, form, path)
        content = path.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="review-batch-{form}{shape.suffix}"'}
    return Response(content, media_type=shape.media_type, headers=headers)
