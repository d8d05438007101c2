"""Objects that people answered in one frame of a video, carried to the frames before and after as proposals.

How a mask is carried is in `data_engine.segmentation.flow`; what becomes of it in the tasks of a batch, below.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from data_engine.errors import ContentMissing
from data_engine.labeling.answers.carried_from import CarriedFrom
from data_engine.labeling.objects.carried_answers import carried_answer
from data_engine.labeling.objects.proposed_answers import reviewed_masks
from data_engine.labeling.provenance import drawn_arm
from data_engine.labeling.rounds import PlannedTask, hashed
from data_engine.runtime.objects.object_rounds import ObjectProposal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data_engine.runtime.accepted_tables import AcceptedTables
    from data_engine.runtime.corpus_runtime import CorpusRuntime

_COLUMNS = ["sample_id", "uri", "metadata"]
_FRAMES_KEPT = 16
_AHEAD, _BACK = "next", "previous"


@dataclass(frozen=True)
class CarriedAnswer:
    """What is proposed of a frame because of another one.

    Attributes:
        answer: In canonical form; each object says where it was carried from.
        consistency: The least of its objects.
        n_frames: Frames from the one that was answered; below 0 where it was carried back in time.
    """

    answer: str
    consistency: float
    n_frames: int


def carried_answers(
    runtime: "CorpusRuntime", tables: "AcceptedTables", wanted: Collection[str], answered: Mapping[str, str]
) -> dict[str, CarriedAnswer]:
    """What is proposed of frames near those that are answered; of several the nearest.

    A chain ends at a frame that is answered itself, where the consistency of all of its objects has fallen below
    `least_consistency` (as at a change of scene), where a frame cannot be read, and after `carry_frames` frames.

    Args:
        runtime: The corpus; nothing is carried where its source is no video.
        tables: The raw index.
        wanted: Frames that a proposal is of use for.
        answered: The answer of each frame that has one.
    """
    settings = runtime.corpus.labels.object_proposals
    if runtime.corpus.source.kind != "video" or not settings.carry_frames:
        return {}
    video = _Video(runtime, tables, settings.carry_frames, list(answered))
    targets, found = set(wanted) - set(answered), dict[str, CarriedAnswer]()
    for start in video.starts(answered):
        for direction in (_AHEAD, _BACK):
            way = list(_until(video.way(start, direction), answered, targets))
            for sample_id, carried in _carried(video, start, way, answered[start["sample_id"]], direction):
                known = found.get(sample_id)
                if sample_id in targets and (known is None or _rank(carried) < _rank(known)):
                    found[sample_id] = carried
    return found


def with_carried(
    tasks: Sequence[PlannedTask],
    carried: Mapping[str, CarriedAnswer],
    proposals: Mapping[str, ObjectProposal],
    *,
    seed: int,
) -> tuple[PlannedTask, ...]:
    """The tasks of a batch with carried objects in the place of what the model proposes, or of nothing.

    What a decider takes without a person stays, and so do hold-out, audits and traps. Where nothing was proposed
    before, it is drawn whether the task shows the carried objects, as of every proposal.

    Args:
        tasks: As they are planned.
        carried: By frame.
        proposals: Of the model, by frame.
        seed: Of the draw.
    """
    return tuple(
        _with_carried(task, carried.get(task.sample_id), proposals.get(task.sample_id), seed) for task in tasks
    )


def _with_carried(
    task: PlannedTask, carried: CarriedAnswer | None, proposal: ObjectProposal | None, seed: int
) -> PlannedTask:
    if carried is None or task.purpose not in ("query", "control") or (proposal is not None and proposal.is_accepted):
        return task
    arm = task.arm
    if proposal is None and arm == "manual":
        arm = drawn_arm(hashed(seed, task.sample_id, "carried") / 2**64, is_helped=True)
    if arm == "manual":
        return task
    # In single precision, as the queue keeps it.
    sure = float(np.float32(carried.consistency))
    return replace(task, arm=arm, proposed_label=None, proposed_answer=carried.answer, probability=sure)


class _Video:
    """Frames of the videos of a corpus: the rows near those that are answered, and their pixels."""

    def __init__(self, runtime: "CorpusRuntime", tables: "AcceptedTables", most: int, answered: list[str]) -> None:
        self.class_names = runtime.corpus.class_names
        self.least_consistency = runtime.corpus.labels.object_proposals.least_consistency
        self.most = most
        self._runtime = runtime
        self._rows = _rows_near(tables, answered, most)
        self.pixels = lru_cache(_FRAMES_KEPT)(self._pixels)

    def starts(self, answered: Collection[str]) -> list[dict[str, Any]]:
        """The answered frames in the order of time; of equal contents the first by uri."""
        first: dict[str, dict[str, Any]] = {}
        for _, row in sorted(self._rows.items()):
            if row["sample_id"] in answered:
                first.setdefault(row["sample_id"], row)
        return list(first.values())

    def way(self, start: Mapping[str, Any], direction: str) -> Iterator[dict[str, Any]]:
        """The frames after one, or before it."""
        row: Mapping[str, Any] = start
        for _ in range(self.most):
            following = self._rows.get(row[f"{direction}_uri"] or "")
            if following is None:
                return
            yield following
            row = following

    def _pixels(self, uri: str) -> "NDArray[np.uint8] | None":
        """None where the frame cannot be read."""
        from data_engine.images import decode_image

        try:
            content = self._contents.read(self._rows[uri])
        except ContentMissing:
            return None
        decoded = decode_image(content, max_pixels=self._runtime.corpus.source.max_pixels)
        return None if decoded.image is None else np.asarray(decoded.image, dtype=np.uint8)

    @cached_property
    def _contents(self) -> Any:
        from data_engine import indexing

        corpus = self._runtime.corpus
        return indexing.Contents(corpus.source, self._runtime.project_folder, corpus.modality)


def _rows_near(tables: "AcceptedTables", answered: list[str], most: int) -> dict[str, dict[str, Any]]:
    """The rows of the frames at most so many frames away from one of these, with their columns, by uri."""
    rows: dict[str, dict[str, Any]] = {}
    asked: set[str] = set()
    ids = set(answered)
    for _ in range(most + 1):
        if not ids - asked:
            break
        among = {"sample_id": pa.array(sorted(ids - asked), pa.string())}
        new = tables.read("raw_index", columns=_COLUMNS, among=among).to_pylist()
        asked |= ids
        read = [{**row, **json.loads(row["metadata"])} for row in new]
        rows |= {row["uri"]: row for row in read if "next_id" in row}
        ids = {row[name] for row in read for name in ("next_id", "previous_id") if row.get(name)}
    return rows


def _until(
    way: Iterator[dict[str, Any]], answered: Collection[str], targets: Collection[str]
) -> Iterator[dict[str, Any]]:
    """The frames up to the last that a proposal is of use for, before one that is answered."""
    passed = []
    for row in way:
        if row["sample_id"] in answered:
            return
        passed.append(row)
        if row["sample_id"] in targets:
            yield from passed
            passed = []


def _carried(
    video: _Video, start: Mapping[str, Any], way: Sequence[Mapping[str, Any]], answer: str, direction: str
) -> Iterator[tuple[str, CarriedAnswer]]:
    """Each frame of a way with what is carried to it."""
    from data_engine.segmentation.flow import MaskCarrier

    first = video.pixels(start["uri"]) if way else None
    if first is None:
        return
    masks, classes = reviewed_masks(answer, (first.shape[0], first.shape[1]), video.class_names)
    followed = [
        (MaskCarrier(first, mask), video.class_names[number], 1.0) for mask, number in zip(masks, classes, strict=True)
    ]
    for n, row in enumerate(way, start=1):
        frame = video.pixels(row["uri"]) if followed else None
        if frame is None:
            return
        steps = [(each, carrier.step(frame)) for each in followed for carrier in each[:1]]
        kept = [
            (carrier, label, min(least, step.consistency), step.mask)
            for (carrier, label, least), step in steps
            if step is not None and step.consistency >= video.least_consistency
        ]
        followed = [each[:3] for each in kept]
        if not kept:
            return
        distance = n if direction == _AHEAD else -n
        seconds = round(row["time_s"] - start["time_s"], 3)
        ways = [CarriedFrom(start["uri"], distance, seconds, round(least, 4)) for _, _, least, _ in kept]
        said = carried_answer(
            [each[3] for each in kept], [each[1] for each in kept], ways, class_names=video.class_names
        )
        if said is not None:
            yield row["sample_id"], CarriedAnswer(said, min(each.consistency for each in ways), distance)


def _rank(carried: CarriedAnswer) -> tuple[int, float]:
    return abs(carried.n_frames), -carried.consistency
