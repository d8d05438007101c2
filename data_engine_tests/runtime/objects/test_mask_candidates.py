from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from object_project import colours

from data_engine.corpus.kinds import ObjectProposals
from data_engine.errors import ContentMissing
from data_engine.labeling.objects.proposed_answers import proposed_answer
from data_engine.runtime.objects import mask_candidates
from data_engine.runtime.objects.mask_candidates import FoundMasks, MaskFinder, learnt_from

DIM = 3


class Kept(dict):
    def put(self, name: str, content: bytes) -> None:
        self[name] = content


def square_image() -> np.ndarray:
    image = np.full((64, 64, 3), 120, np.uint8)
    image[20:44, 20:44] = (230, 60, 40)
    return image


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> MaskFinder:
    """Finds what stands out in two images, one of which is gone, and counts how often it reads one."""
    kept, read = Kept(), []

    def images(_runtime: object, rows: pa.Table) -> list[tuple[str, np.ndarray]]:
        (name,) = rows["sample_id"].to_pylist()
        read.append(name)
        if name == "gone":
            raise ContentMissing("image gone.png is gone")
        return [(name, square_image())]

    encoder = SimpleNamespace(dim=DIM, encode=lambda crops: np.ones((len(crops), DIM), np.float32))
    monkeypatch.setattr(mask_candidates, "whole_images", images)
    monkeypatch.setattr(mask_candidates, "ready_encoder", lambda _corpus: encoder)
    monkeypatch.setattr(mask_candidates, "load_segmenter", colours)
    asked = ObjectProposals(points_per_side=4, sizes=(0.5,))
    step_run = SimpleNamespace(
        corpus=SimpleNamespace(labels=SimpleNamespace(segmenter="colours", object_proposals=asked)),
        runtime=None,
        progress=lambda _text, _total: lambda _n: None,
        artefacts=lambda: kept,
        encoder_in_use=lambda: SimpleNamespace(version="v"),
        look_up=lambda *_, among, **__: pa.table({"sample_id": among["sample_id"]}),
        read=read,
    )
    return MaskFinder(step_run)  # type: ignore[arg-type]


def test_masks_are_found_once_and_kept_to_the_pixel(finder: MaskFinder) -> None:
    first, again = (finder.found(["a"])["a"] for _ in range(2))
    assert finder.step_run.read == ["a"]  # type: ignore[attr-defined]
    assert (first.masks == again.masks).all() and first.size == again.size == (64, 64)
    assert (first.features == again.features).all() and again.vectors.shape == (len(first.masks), DIM)


def test_an_image_that_is_gone_has_no_masks_and_says_why_and_the_others_have_theirs(finder: MaskFinder) -> None:
    found = finder.found(["a", "gone"])
    assert found["gone"].failure == "image gone.png is gone" and not found["a"].failure
    assert finder.found(["gone"])["gone"].failure and finder.step_run.read.count("gone") == 2  # type: ignore[attr-defined]


def test_what_people_said_is_matched_with_the_masks(finder: MaskFinder) -> None:
    truth = np.zeros((64, 64), bool)
    truth[20:44, 20:44] = True
    answer, _ = proposed_answer([truth], ["ring"], size=(64, 64), class_names=["coin", "ring"])
    found = finder.found(["a"])
    (seen,) = learnt_from(found, {"a": answer}, ["coin", "ring"])
    assert seen.n_objects == 1 and seen.ious.max() > 0.75 and set(seen.classes.tolist()) == {1}
    assert found["a"].seen(None, ["coin", "ring"]).n_objects == 0


def test_an_image_without_masks_can_be_learnt_from() -> None:
    empty = FoundMasks((8, 8), np.zeros((0, 1, 1), bool), np.zeros((0, 8), np.float32), np.zeros((0, DIM), np.float32))
    answer, _ = proposed_answer([np.ones((8, 8), bool)], ["coin"], size=(8, 8), class_names=["coin"])
    seen = empty.seen(answer, ["coin"])
    assert len(seen.ious) == 0 and seen.n_objects == 1
