import io

import numpy as np
import pytest
from dying_work import see_or_obey
from PIL import Image

from data_engine.errors import SourceError
from data_engine.indexing.isolation import seen_images
from data_engine.indexing.isolation.reader_process import Limits
from data_engine.indexing.isolation.seen_images import see_each, see_images

LIMITS = Limits(20, 1 << 30)


def png(grey: int, size: tuple[int, int] = (4, 3)) -> bytes:
    stream = io.BytesIO()
    Image.new("L", size, grey).save(stream, "png")
    return stream.getvalue()


def test_images_are_seen_in_another_process_as_they_are_in_this_one() -> None:
    rng = np.random.default_rng(0)
    contents = [png(int(grey)) for grey in rng.integers(0, 255, 300)]
    found = list(see_each(enumerate(contents), 1000, LIMITS))
    assert [number for number, _ in found] == list(range(300))
    assert [seen for _, seen in found] == list(see_images(contents, 1000, 1))
    assert found[0][1] is not None
    assert (found[0][1].width_px, found[0][1].height_px, found[0][1].media_type) == (4, 3, "image/png")


@pytest.mark.parametrize(
    ("word", "limits", "expected"),
    [
        (b"crash", LIMITS, "the reader was killed by signal 11 (SIGSEGV) while it decoded this image"),
        (b"hang", Limits(0.5, 1 << 30), "the reader gave no sign of life for 0.5 s and was stopped while it decoded"),
        (b"swell", LIMITS, "the reader needed more than 1,073,741,824 bytes of memory while it decoded this image"),
    ],
)
def test_only_the_image_that_ends_the_process_is_lost(
    word: bytes, limits: Limits, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen_images, "see_images", see_or_obey)
    items = [("a", png(1)), ("b", None), ("c", png(2)), ("bad", word), ("d", png(3)), ("e", b"no image")]
    found = dict(see_each(items, 1000, limits))
    assert list(found) == [name for name, _ in items]
    assert found["b"] is None
    errors = {name: seen.error for name, seen in found.items() if seen is not None}
    assert [errors[name] for name in "acd"] == [None, None, None]
    assert (errors["bad"] or "").startswith(expected)
    assert (errors["e"] or "").startswith("not an image in a format that is read")


def test_an_image_that_needs_too_much_memory_is_named_and_its_neighbours_are_seen() -> None:
    items = [("small", png(1)), ("huge", png(2, (13_000, 13_000))), ("next", png(3))]
    found = dict(see_each(items, 178_000_000, Limits(60, 250 << 20)))
    errors = {name: seen.error for name, seen in found.items() if seen is not None}
    assert (errors["small"], errors["next"]) == (None, None)
    assert "more than 262,144,000 bytes of memory" in (errors["huge"] or "")


def test_a_batch_that_kills_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_images, "see_images", see_or_obey)
    monkeypatch.setattr(seen_images, "_MOST_DEATHS", 2)
    items = [(str(number), b"crash") for number in range(5)]
    with pytest.raises(SourceError, match="more than 2 images of one batch ended the process that decodes them"):
        list(see_each(items, 1000, LIMITS))
