"""Montages of squares of one colour, 8 by 8 pixels each."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from schema_tables import table
from written_steps import notes_runtime, take_in

from data_engine.images import thumbnail
from data_engine.orchestration.ui.montages import (
    MOST_SHOWN,
    montage_of_batch,
    montage_of_chosen,
    montages_of_verdicts,
    strip,
    thumbnails_of,
)
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import StepRun

RED, BLUE = (thumbnail(Image.new("RGB", (8, 8), colour)) for colour in ("red", "blue"))


def _opened(content: bytes | None) -> Image.Image:
    assert content is not None
    return Image.open(BytesIO(content)).convert("RGB")


def _is_red(image: Image.Image, x: int, y: int) -> bool:
    red, green, blue = image.getpixel((x, y))  # type: ignore[misc]
    return bool(red > 200 and green < 60 and blue < 60)


@pytest.fixture
def images(tmp_path: Path) -> CorpusRuntime:
    runtime = notes_runtime(tmp_path, modality="image")
    rows: list[dict[str, Any]] = [
        {"sample_id": "b", "uri": "b", "thumbnail": BLUE},
        {"sample_id": "a", "uri": "a", "thumbnail": RED},
        {"sample_id": "c", "uri": "c", "is_readable": False},
    ]
    take_in(runtime, "may", rows)
    return runtime


def test_a_corpus_of_texts_has_no_montages(tmp_path: Path) -> None:
    texts = notes_runtime(tmp_path)
    assert montage_of_batch(texts.corpus, table("raw_index", [{}])) == {}
    assert montages_of_verdicts(StepRun(texts, "first_pass", "may", "run"), table("first_pass", [{}])) == {}
    assert montage_of_chosen(StepRun(texts, "balanced_subset", "", "run"), table("balanced_subset", [{}])) == {}


def test_a_batch_is_shown_in_the_order_of_the_ids_without_what_is_unreadable(images: CorpusRuntime) -> None:
    shown = montage_of_batch(images.corpus, images.store().read("raw_index"))
    assert list(shown) == ["images"]
    sheet = _opened(shown["images"])
    # Two cells of 72 pixels with 4 between them.
    assert sheet.size == (148, 72)
    assert (_is_red(sheet, 36, 36), _is_red(sheet, 112, 36)) == (True, False)


def test_a_batch_of_many_images_shows_eight_in_a_row_and_no_more_than_three_rows(images: CorpusRuntime) -> None:
    rows = [{"sample_id": f"{n:02}", "thumbnail": RED} for n in range(30)]
    assert MOST_SHOWN == 24
    assert _opened(montage_of_batch(images.corpus, table("raw_index", rows))["images"]).size == (8 * 76 - 4, 3 * 76 - 4)


def test_verdicts_are_shown_by_reason_and_one_without_images_not_at_all(images: CorpusRuntime) -> None:
    judged = table(
        "first_pass",
        [
            {"sample_id": "a", "uri": "a", "reason": "kept"},
            {"sample_id": "b", "uri": "b", "reason": "too_dark"},
            {"sample_id": "c", "uri": "c", "reason": "unreadable"},
        ],
    )
    shown = montages_of_verdicts(StepRun(images, "first_pass", "may", "run"), judged)
    assert list(shown) == ["images: kept", "images: too_dark"]
    assert _is_red(_opened(shown["images: kept"]), 36, 36)
    assert not _is_red(_opened(shown["images: too_dark"]), 36, 36)


def test_chosen_images_are_shown_leaf_by_leaf(images: CorpusRuntime) -> None:
    chosen = table(
        "balanced_subset",
        [{"sample_id": "b", "top_cluster": 0, "leaf": 0}, {"sample_id": "a", "top_cluster": 1, "leaf": 1}],
    )
    shown = montage_of_chosen(StepRun(images, "balanced_subset", "", "run"), chosen)
    assert list(shown) == ["chosen images"]
    sheet = _opened(shown["chosen images"])
    assert sheet.size == (148, 72)
    assert (_is_red(sheet, 36, 36), _is_red(sheet, 112, 36)) == (False, True)


def test_thumbnails_are_found_by_id_and_samples_without_one_are_absent(images: CorpusRuntime) -> None:
    step_run = StepRun(images, "balanced_subset", "", "run")
    assert thumbnails_of(step_run, ["a", "c", "unknown"]) == {"a": RED}


def test_a_strip_is_one_row_of_those_images_that_are_there() -> None:
    thumbnails = {"a": RED, "b": BLUE}
    sheet = _opened(strip(thumbnails, ["b", "unknown", "a"]))
    assert sheet.size == (2 * 48 + 4, 48)
    assert (_is_red(sheet, 24, 24), _is_red(sheet, 76, 24)) == (False, True)
    assert strip(thumbnails, ["unknown"]) is None
