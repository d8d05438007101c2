"""Simulated annotators of a corpus that asks for objects: clickers, with the images and the objects known beforehand.

How one clicks is in `data_engine.labeling.objects.simulated_clicker`.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime

if TYPE_CHECKING:
    from data_engine.corpus.review import SimulatedAnnotator
    from data_engine.review import Task


def clicker_of(runtime: CorpusRuntime) -> "Callable[[SimulatedAnnotator], Callable[[Task], Mapping[str, Any] | None]]":
    """Gives each simulated annotator what it answers a task with; None where nothing is known of the image."""
    from data_engine import reporting
    from data_engine.labeling.objects.simulated_clicker import SimulatedClicker
    from data_engine.runtime.media import whole_images
    from data_engine.segmentation import load_segmenter

    tables = accepted_tables(runtime, run_id="simulated")
    known = reporting.known_objects(runtime.corpus, tables.read("raw_index", columns=["sample_id", "metadata"]))
    segmenter = load_segmenter(runtime.corpus.labels.segmenter)

    def answers_of(who: "SimulatedAnnotator") -> "Callable[[Task], Mapping[str, Any] | None]":
        seed = runtime.corpus.seed_for("simulated", who.name)
        clicker = SimulatedClicker(who.name, who.error_rate, who.tremor_px, seed, segmenter)

        def answer(task: "Task") -> Mapping[str, Any] | None:
            truth = known.get(task.sample_id)
            if truth is None:
                return None
            raw = tables.read("raw_index", among={"sample_id": pa.array([task.sample_id])})
            ((_, image),) = whole_images(runtime, raw)
            found: Mapping[str, Any] = clicker.answer(task.sample_id, image, truth, task.proposed_answer)
            return found

        return answer

    return answers_of
