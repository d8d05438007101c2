"""Images of samples: found by their id, written anew by us."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from data_engine.corpus import Corpus
from data_engine.errors import ContentMissing
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.review_page import sample_images
from data_engine.runtime.review_page.sample_images import SampleImages
from data_engine.runtime.step_run import execute
from data_engine_tests.support.made_videos import texture, write_video


def drawn(width: int, height: int) -> Image.Image:
    """Noise, which no rule of the first pass takes for an empty image."""
    return Image.effect_noise((width, height), 90).convert("RGB")


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    (tmp_path / "source").mkdir()
    drawn(400, 200).save(tmp_path / "source" / "a.gif")
    drawn(3000, 700).save(tmp_path / "source" / "b.png")
    described = {
        "name": "squares",
        "modality": "image",
        "source": {"kind": "folder", "path": "source"},
        "encoder": "colour-and-gradient-histograms",
        "subset": {"target_size": 3},
        "labels": {"question": "Which?", "classes": ["a", "b"]},
    }
    made = CorpusRuntime(Corpus.model_validate(described), tmp_path)
    for step in ("raw_index", "first_pass", "embeddings"):
        execute(made, step, "top", run_id="run")
    return made


def _ids(runtime: CorpusRuntime) -> dict[str, str]:
    return {row["uri"]: row["sample_id"] for row in runtime.store().read("raw_index").to_pylist()}


def test_an_image_is_png_or_jpeg_whatever_its_file_is(runtime: CorpusRuntime) -> None:
    images, ids = SampleImages(runtime), _ids(runtime)
    small, large, wide = images(ids["a.gif"], True), images(ids["a.gif"], False), images(ids["b.png"], False)
    assert [shown.media_type for shown in (small, large, wide)] == ["image/jpeg", "image/png", "image/jpeg"]
    assert Image.open(BytesIO(small.content)).size == (128, 64)
    assert Image.open(BytesIO(large.content)).size == (400, 200)
    assert Image.open(BytesIO(wide.content)).width == 2048


def test_a_child_is_shown_as_its_parent_changed_and_small_as_well(runtime: CorpusRuntime) -> None:
    images, ids = SampleImages(runtime), _ids(runtime)
    shown = [images(f"{ids['a.gif']}+crop", is_small) for is_small in (False, True)]
    assert [Image.open(BytesIO(each.content)).size for each in shown] == [(300, 150)] * 2


def test_masks_are_predicted_on_all_pixels_and_the_page_knows_the_size_of_the_image(
    runtime: CorpusRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, ids = SampleImages(runtime), _ids(runtime)
    assert [images(ids[name], False).size_px for name in ("a.gif", "b.png")] == [(200, 400), (700, 3000)]
    whole = images.pixels(ids["b.png"])
    assert (whole.pixels.shape, whole.size_px) == ((700, 3000, 3), (700, 3000))
    child = images.pixels(f"{ids['a.gif']}+crop")
    assert (child.pixels.shape, child.size_px) == ((150, 300, 3), (150, 300))
    monkeypatch.setattr(sample_images, "_MOST_PIXELS", 21_000)
    smaller = images.pixels(ids["b.png"])
    assert (smaller.pixels.shape, smaller.size_px) == ((70, 300, 3), (700, 3000))


def test_a_frame_knows_its_time_and_what_is_beside_it_and_a_still_shot_is_one_frame(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    shots = [texture(48, 64, seed=seed) for seed in (1, 2)]
    write_video(tmp_path / "clips" / "a.mp4", [shots[0]] * 30 + [shots[1]] * 10)
    source = {"kind": "video", "path": "clips", "every_seconds": 1}
    described = {"name": "clips", "modality": "image", "source": source, "subset": {"target_size": 2}}
    described |= {"encoder": "colour-and-gradient-histograms", "first_pass": {"near_duplicate_image_similarity": 0.9}}
    described["labels"] = {"question": "Where?", "kind": "objects", "classes": ["a"]}
    made = CorpusRuntime(Corpus.model_validate(described), tmp_path)
    execute(made, "raw_index", "top", run_id="run")
    _, judged = execute(made, "first_pass", "top", run_id="run")
    execute(made, "embeddings", "top", run_id="run")
    kept = [row["uri"] for row in judged.table.to_pylist() if row["verdict"] == "kept"]
    assert kept == ["a.mp4#frame=0000000", "a.mp4#frame=0000030"]
    ids, images = _ids(made), SampleImages(made)
    frame = images.frame(ids["a.mp4#frame=0000010"])
    assert frame is not None and (frame.video, frame.time_s, frame.previous_s, frame.next_s) == ("a.mp4", 1.0, 0.0, 2.0)
    assert (frame.previous, frame.next) == (ids["a.mp4#frame=0000000"], ids["a.mp4#frame=0000020"])
    last = images.frame(ids["a.mp4#frame=0000030"])
    assert last is not None and (last.next, last.next_s) == (None, None)
    assert images.frame("nothing") is None
    assert images(ids["a.mp4#frame=0000010"], False).size_px == (48, 64)


def test_an_image_that_is_gone_or_unknown_is_named(runtime: CorpusRuntime) -> None:
    ids = _ids(runtime)
    (runtime.project_folder / "source" / "a.gif").unlink()
    with pytest.raises(ContentMissing, match=r"a\.gif"):
        SampleImages(runtime)(ids["a.gif"], False)
    with pytest.raises(ContentMissing, match="sample nothing is in the raw index no more"):
        SampleImages(runtime)("nothing", False)
