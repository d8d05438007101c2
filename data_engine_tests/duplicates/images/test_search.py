from io import BytesIO

import numpy as np
import pytest
from near_hashes import hashes_near_one_another
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from data_engine.duplicates.images.hash_keys import MAX_DISTANCE
from data_engine.duplicates.images.search import ImageTwin, earlier_candidates, find_image_twins
from data_engine.duplicates.images.similarity import SmallImages
from data_engine.duplicates.images.sketch import sketch_of as sketch_of_words
from data_engine.errors import InvalidInput
from data_engine.images import words_of


def sketch_of(image: Image.Image) -> bytes:
    return sketch_of_words(words_of(image))


def scene(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A smooth image, as photos are: a few soft blobs of colour."""
    values = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)


def again_as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(BytesIO(stream.getvalue())).convert("RGB")


def marked(image: Image.Image) -> Image.Image:
    """With a white square over four of the 32 x 32 cells."""
    copied = image.copy()
    copied.paste((255, 255, 255), (280, 210, 300, 225))
    return copied


def small_images(images: list[Image.Image]) -> SmallImages:
    return SmallImages.of(np.stack([np.frombuffer(sketch_of(image), np.uint8) for image in images]))


def twins(
    images: list[Image.Image], threshold: float = 0.97, accepted: list[Image.Image] | None = None
) -> list[int | None]:
    found = find_image_twins(
        [sketch_of(image) for image in images],
        threshold=threshold,
        accepted=[sketch_of(image) for image in accepted or []],
    )
    return [None if twin is None else twin.row for twin in found]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: again_as_jpeg(image, 40),
        lambda image: image.resize((100, 75)),
        lambda image: ImageEnhance.Brightness(image).enhance(0.9),
        lambda image: image.filter(ImageFilter.GaussianBlur(2)),
        lambda image: again_as_jpeg(image.resize((107, 80)), 60),
    ],
    ids=["as JPEG", "smaller", "darker", "softer", "a third the size, as JPEG"],
)
def test_the_same_image_in_another_form_is_a_twin(change) -> None:  # type: ignore[no-untyped-def]
    for seed in range(5):
        assert twins([scene(seed), change(scene(seed))]) == [None, 0]


def test_a_cropped_or_marked_copy_is_another_image_since_it_cannot_be_told_from_another_print() -> None:
    assert twins([scene(0), marked(scene(0)), scene(0).crop((16, 12, 304, 228))]) == [None, None, None]


def written(ground: Image.Image, *lines: str, at: tuple[int, int], height_px: int) -> Image.Image:
    image, font = ground.copy(), ImageFont.load_default(size=height_px)
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((at[0], at[1] + number * height_px * 3 // 2), line, fill="white", font=font)
    return image


def shirt() -> Image.Image:
    ground = Image.new("RGB", (400, 400), (230, 230, 230))
    ground.paste((30, 30, 90), (100, 80, 300, 340))
    return ground


@pytest.mark.parametrize("height_px", [28, 36, 44, 60])
def test_words_in_the_place_of_others_make_another_image(height_px: int) -> None:
    prints = [written(shirt(), word, at=(130, 150), height_px=height_px) for word in ("LOVE", "HATE", "1984", "PEACE")]
    assert twins([*prints, shirt()]) == [None] * 5
    for image in prints:
        assert twins([image, again_as_jpeg(image, 40), image.resize((200, 200))]) == [None, 0, 0]


@pytest.mark.parametrize("n_cells", range(2, 8))
def test_prints_of_any_size_on_one_ground_are_two_images(n_cells: int) -> None:
    def printed(seed: int) -> Image.Image:
        """A print of random light and dark fields, each as large as one cell of 32, amid a shirt of 20 cells."""
        image = Image.new("RGB", (320, 320), "black")
        image.paste((255, 255, 255), (60, 60, 260, 260))
        greys = np.random.default_rng(seed).choice(np.array([60, 200], np.uint8), (n_cells, n_cells))
        side = 10 * n_cells
        image.paste(Image.fromarray(greys).resize((side, side), Image.Resampling.NEAREST), (103, 107))
        return image

    first, second = printed(0), printed(5)
    assert (
        np.corrcoef(*(np.asarray(print_.resize((16, 16)).convert("L")).ravel() for print_ in (first, second)))[0, 1]
        > 0.9
    )
    assert twins([first, second, again_as_jpeg(first, 40), second.resize((160, 160))]) == [None, None, 0, 1]


def test_numbers_that_differ_in_one_digit_make_other_products() -> None:
    products = [written(shirt(), number, at=(160, 180), height_px=48) for number in ("13", "18", "10", "88")]
    assert twins(products) == [None] * 4


def test_screenshots_of_other_texts_are_other_images() -> None:
    def screenshot(seed: int) -> Image.Image:
        window = Image.new("RGB", (640, 480), (40, 40, 44))
        window.paste((40, 60, 120), (0, 0, 640, 50))
        words = ["the", "cat", "sat", "on", "a", "mat", "and", "harbour", "boats", "lay", "still", "under", "grey"]
        drawn = np.random.default_rng(seed).choice(words, (20, 14))
        return written(window, *(" ".join(line) for line in drawn), at=(140, 70), height_px=12)

    pages = [screenshot(seed) for seed in range(6)]
    assert twins([*pages, again_as_jpeg(pages[2], 40), pages[4].resize((320, 240))]) == [None] * 6 + [2, 4]


def test_another_image_is_none() -> None:
    assert twins([scene(seed) for seed in range(40)]) == [None] * 40


def test_the_same_form_in_another_colour_is_another_image() -> None:
    red = scene(3)
    blue = Image.merge("RGB", red.split()[::-1])
    assert twins([red, blue]) == [None, None]


def test_an_accepted_image_is_named_and_never_dropped() -> None:
    (found,) = find_image_twins([sketch_of(scene(2))], threshold=0.97, accepted=[sketch_of(scene(n)) for n in range(4)])
    assert found == ImageTwin(is_accepted=True, row=2, similarity=pytest.approx(1.0))


def test_a_chain_of_likenesses_is_not_merged() -> None:
    # A hash, then dark and light halves, the first cell of which grows by 6 shades from one to the next.
    # The second repeats the first and is dropped; the third is like the second only, and stays.
    sketches = [bytes([*bytes(8), shade, *bytes(511), *[200] * 512, *[128] * 32]) for shade in (0, 6, 12)]
    found = find_image_twins(sketches, threshold=0.97)
    assert [twin and twin.row for twin in found] == [None, 0, None]


def test_candidates_are_all_those_within_the_distance() -> None:
    hashes = hashes_near_one_another()
    found = earlier_candidates(hashes, 50)
    for row in range(50, 300):
        near = np.flatnonzero(np.bitwise_count(hashes[:row] ^ hashes[row]) <= MAX_DISTANCE)
        assert found[row - 50].tolist() == near.tolist()


def test_nothing_gives_nothing_and_other_lengths_are_refused() -> None:
    assert find_image_twins([], threshold=0.9) == []
    with pytest.raises(InvalidInput, match="has 8 bytes, 1064 are written by this version; run first_pass again"):
        find_image_twins([], threshold=0.9, accepted=[bytes(8)])
