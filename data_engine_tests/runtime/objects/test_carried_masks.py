"""Answers about frames of a made video, carried to the frames beside them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.source import Batches, Source
from data_engine.labeling.answers.object_answers import similarity
from data_engine.labeling.rounds import PlannedTask
from data_engine.runtime.objects.carried_masks import CarriedAnswer, carried_answers, with_carried
from data_engine.runtime.objects.object_rounds import ObjectProposal
from data_engine.schemas import answer_text
from data_engine_tests.support.made_videos import moving, texture, write_video


def _square(left: int) -> str:
    ring = [[left, 16], [left + 16, 16], [left + 16, 32], [left, 32]]
    return answer_text({"size": [48, 64], "objects": [{"class": "box", "polygons": [ring]}]})


class _Clip:
    """Twelve frames in which a square goes two pixels to the right each, then another scene."""

    def __init__(self, folder: Path) -> None:
        write_video(folder / "a.mp4", [*moving(12, step=2), *[texture(48, 64, seed=7)] * 3])
        source = Source(kind="video", path=str(folder), frames_per_second=10)
        files = [file for batch in list_batches(source, Batches(), folder).values() for file in batch]
        self.raw = read_batch(source, files, batch="b", modality="image")
        self.ids = self.raw["sample_id"].to_pylist()
        proposals = SimpleNamespace(carry_frames=4, least_consistency=0.5)
        labels = SimpleNamespace(object_proposals=proposals)
        corpus = SimpleNamespace(source=source, modality="image", labels=labels, class_names=("box",))
        self.runtime: Any = SimpleNamespace(corpus=corpus, project_folder=folder)
        self.tables: Any = SimpleNamespace(read=self._read)

    def _read(self, table: str, *, columns: list[str], among: Mapping[str, pa.Array]) -> pa.Table:
        assert table == "raw_index"
        return self.raw.filter(pc.is_in(self.raw["sample_id"], among["sample_id"])).select(columns)

    def carried(self, answered: Mapping[int, str], **settings: Any) -> dict[int, CarriedAnswer]:
        vars(self.runtime.corpus.labels.object_proposals).update({"carry_frames": 4, **settings})
        given = {self.ids[number]: answer for number, answer in answered.items()}
        found = carried_answers(self.runtime, self.tables, self.ids, given)
        return {self.ids.index(key): each for key, each in found.items()}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Clip]:
    yield _Clip(tmp_path_factory.mktemp("clip"))


def test_an_answer_is_carried_on_and_back_and_says_from_where(clip: _Clip) -> None:
    found = clip.carried({3: _square(10)})
    assert {number: each.n_frames for number, each in found.items()} == {0: -3, 1: -2, 2: -1, 4: 1, 5: 2, 6: 3, 7: 4}
    for number, each in found.items():
        assert similarity(each.answer, _square(4 + 2 * number)) > 0.75
        (one,) = json.loads(each.answer)["objects"]
        way = one["carried"]
        assert (way["uri"], way["n_frames"]) == ("a.mp4#frame=0000003", each.n_frames)
        assert way["seconds"] == pytest.approx(each.n_frames / 10) and way["consistency"] == each.consistency
        assert one["provenance"] == "model_auto"


def test_a_chain_ends_at_another_answer_and_at_a_change_of_scene(clip: _Clip) -> None:
    found = clip.carried({5: _square(14), 8: _square(20)})
    assert {number: each.n_frames for number, each in found.items()} == {
        1: -4, 2: -3, 3: -2, 4: -1, 6: 1, 7: -1, 9: 1, 10: 2, 11: 3,
    }  # fmt: skip


def test_nothing_is_carried_where_nobody_wants_it_or_nothing_was_drawn(clip: _Clip) -> None:
    assert clip.carried({3: _square(10)}, carry_frames=0) == {}
    assert clip.carried({3: answer_text({"size": [48, 64], "objects": []})}) == {}
    assert carried_answers(clip.runtime, clip.tables, [clip.ids[3]], {clip.ids[3]: _square(10)}) == {}


def _task(sample_id: str, arm: str = "manual", purpose: str = "query") -> PlannedTask:
    answer = _square(0) if arm != "manual" else None
    return PlannedTask(sample_id, purpose, arm, None, 0.5 if answer else None, 1, proposed_answer=answer)


def test_carried_objects_stand_in_the_place_of_the_model_but_not_of_what_a_decider_takes() -> None:
    carried = {key: CarriedAnswer(_square(20), 0.9, 1) for key in ("a", "b", "c", "d")}
    proposals = {key: ObjectProposal(_square(0), 0.5, is_accepted=key == "b") for key in ("a", "b", "c")}
    tasks = [_task("a", "proposed"), _task("b", "proposed"), _task("c"), _task("d", purpose="hold_out"), _task("e")]
    found = with_carried(tasks, carried, proposals, seed=1)
    assert found[0].proposed_answer == _square(20) and found[0].probability == pytest.approx(0.9)
    assert found[1:] == tuple(tasks[1:])


def test_where_nothing_was_proposed_it_is_drawn_whether_the_carried_objects_are_shown() -> None:
    ids = [f"s{number}" for number in range(200)]
    found = with_carried([_task(key) for key in ids], dict.fromkeys(ids, CarriedAnswer("{}", 0.9, 1)), {}, seed=1)
    arms = [task.arm for task in found]
    assert 60 < arms.count("proposed") < 100 and 25 < arms.count("manual") < 55
    assert all((task.proposed_answer is None) == (task.arm == "manual") for task in found)
