"""The bridge between a corpus and a project of Label Studio; HTTP is in `data_engine.review.label_studio`."""

import base64
import os
from datetime import datetime
from typing import TYPE_CHECKING

from data_engine.errors import InvalidInput
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.exchange.answer_files import import_place

if TYPE_CHECKING:
    from data_engine.review.label_studio.bridge_queue import Pulled
    from data_engine.review.label_studio.client import LabelStudioProject
    from data_engine.review.label_studio.pushing import Pushed

TOKEN = "LABEL_STUDIO_API_KEY"
"""Variable of the environment with the token; it is kept nowhere."""


def push_tasks(runtime: CorpusRuntime, url: str, project: int) -> "Pushed":
    """Add the open tasks of a corpus to a project, the most urgent first, each once; see `pushing.push`.

    Raises: InvalidInput without a question, a token or a labeling interface that fits; LabelStudioError.
    """
    from data_engine.review.label_studio.bridge_queue import BridgeQueue
    from data_engine.review.label_studio.pushing import push
    from data_engine.runtime.amendments.class_changes import follow_classes

    if not runtime.corpus.has_labels:
        raise InvalidInput(f"corpus {runtime.corpus.name} has no block labels, so nobody is asked; add one first")
    follow_classes(runtime)
    image_of = None
    if runtime.corpus.samples.has_image:
        from data_engine.runtime.review_page.sample_images import SampleImages

        images = SampleImages(runtime)

        def image_of(sample_id: str) -> str:
            shown = images(sample_id, False)
            return f"data:{shown.media_type};base64,{base64.b64encode(shown.content).decode()}"

    with _project(url, project) as server, BridgeQueue(runtime.queue_url) as queue:
        return push(
            server,
            queue.tasks_to_push(runtime.corpus.name),
            classes=runtime.corpus.class_names,
            corpus=runtime.corpus.name,
            queue_id=queue.queue_id,
            image_of=image_of,
        )


def pull_answers(runtime: CorpusRuntime, url: str, project: int, *, now: datetime) -> "Pulled":
    """Take the answers of a project over that have changed since the last pull; see `BridgeQueue.pull`.

    Raises: InvalidInput without a question or a token; LabelStudioError.
    """
    from data_engine.review.exchange.exchanged import Exchange
    from data_engine.review.label_studio.bridge_queue import BridgeQueue

    # Only tasks of the queue are answered there, so no sample has to be looked up.
    place = import_place(runtime, Exchange(()))
    with _project(url, project) as server, BridgeQueue(runtime.queue_url) as queue:
        return queue.pull(server, place, now=now)


def _project(url: str, project: int) -> "LabelStudioProject":
    from data_engine.review.label_studio.client import LabelStudioProject

    token = os.environ.get(TOKEN, "")
    if not token:
        raise InvalidInput(f"the variable {TOKEN} of the environment is not set; set it to a token of your account")
    return LabelStudioProject(url, project, token)
