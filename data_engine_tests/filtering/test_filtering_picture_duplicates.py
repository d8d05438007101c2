from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from data_engine.errors import InvalidInput
from data_engine.filtering import picture_duplicates
from data_engine.filtering.picture_duplicates import (
    MAX_DISTANCE,
    SKETCH_BYTES,
    PictureTwin,
    find_picture_twins,
    sketch_of,
)


def scene(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A smooth picture, as photos are: a few soft blobs of colour."""
    values = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)


def again_as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    stream = BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return Image.open(BytesIO(stream.getvalue())).convert("RGB")


def marked(picture: Image.Image) -> Image.Image:
    """With a white square over one of the 16 x 16 cells."""
    copied = picture.copy()
    copied.paste((255, 255, 255), (280, 210, 300, 225))
    return copied


def twins(
    pictures: list[Image.Image], threshold: float = 0.97, accepted: list[Image.Image] | None = None
) -> list[int | None]:
    found = find_picture_twins(
        [sketch_of(picture) for picture in pictures],
        threshold=threshold,
        accepted=[sketch_of(picture) for picture in accepted or []],
    )
    return [None if twin is None else twin.row for twin in found]


def test_a_sketch_has_its_length_and_the_same_picture_has_the_same() -> None:
    assert len(sketch_of(scene(1))) == SKETCH_BYTES == 296
    assert sketch_of(scene(1)) == sketch_of(scene(1).copy())


def test_the_hash_says_which_cells_grow_brighter_to_the_right() -> None:
    ramp = Image.fromarray(np.tile(np.arange(0, 252, 3.5, dtype=np.float32).astype(np.uint8), (64, 1))).convert("RGB")
    assert sketch_of(ramp)[:8] == b"\xff" * 8
    assert sketch_of(ramp.transpose(Image.Transpose.FLIP_LEFT_RIGHT))[:8] == b"\x00" * 8


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: again_as_jpeg(picture, 40),
        lambda picture: picture.resize((100, 75)),
        lambda picture: ImageEnhance.Brightness(picture).enhance(0.9),
        lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
        lambda picture: picture.crop((6, 5, 314, 235)),
        marked,
    ],
    ids=["as JPEG", "smaller", "darker", "softer", "without 2 % of each border", "with a small mark"],
)
def test_the_same_picture_in_another_form_is_a_twin(change) -> None:  # type: ignore[no-untyped-def]
    for seed in range(5):
        assert twins([scene(seed), change(scene(seed))]) == [None, 0]


def test_two_prints_on_one_ground_are_two_pictures() -> None:
    def shirt(seed: int) -> Image.Image:
        """Black, a white shirt in the middle, and on it a print of 4 x 4 greys over 6 of 16 cells across and down."""
        picture = Image.new("RGB", (320, 320), "black")
        picture.paste((255, 255, 255), (60, 60, 260, 260))
        greys = np.random.default_rng(seed).integers(100, 256, (4, 4), dtype=np.uint8)
        picture.paste(Image.fromarray(greys).resize((120, 120), Image.Resampling.NEAREST), (100, 100))
        return picture

    assert np.corrcoef(*(np.asarray(shirt(seed).resize((16, 16)).convert("L")).ravel() for seed in (0, 1)))[0, 1] > 0.9
    assert twins([shirt(0), shirt(1), again_as_jpeg(shirt(0), 40)], threshold=0.9) == [None, None, 0]


def test_another_picture_is_none() -> None:
    assert twins([scene(seed) for seed in range(40)]) == [None] * 40


def test_the_same_form_in_another_colour_is_another_picture() -> None:
    red = scene(3)
    blue = Image.merge("RGB", red.split()[::-1])
    assert twins([red, blue]) == [None, None]


def test_what_is_not_looked_at_closely_is_never_more_alike_than_it_is() -> None:
    rows = np.stack([np.frombuffer(sketch_of(scene(seed)), np.uint8) for seed in range(60)])
    for row in rows[:10]:
        whole, hurried = (
            picture_duplicates.similarities(row, rows),
            picture_duplicates.similarities(row, rows, least=0.9),
        )
        assert ((whole >= 0.9) == (hurried >= 0.9)).all()
        assert hurried[whole >= 0.9].tolist() == whole[whole >= 0.9].tolist()


def test_an_accepted_picture_is_named_and_never_dropped() -> None:
    (found,) = find_picture_twins(
        [sketch_of(scene(2))], threshold=0.97, accepted=[sketch_of(scene(n)) for n in range(4)]
    )
    assert found == PictureTwin(is_accepted=True, row=2, similarity=pytest.approx(1.0))


def test_a_chain_of_likenesses_is_not_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    # The second repeats the first and is dropped; the third is like the second only, and stays.
    monkeypatch.setattr(
        picture_duplicates,
        "similarities",
        lambda sketch, others, least: np.where(others[:, 295] + 1 == sketch[295], 1.0, 0.0),
    )
    sketches = [bytes(295) + bytes([number]) for number in range(3)]
    found = find_picture_twins(sketches, threshold=0.9)
    assert [twin and twin.row for twin in found] == [None, 0, None]


def test_candidates_are_all_those_within_the_distance() -> None:
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**63, 300, dtype=np.uint64)
    for number in range(100, 300):
        flips = random.choice(64, size=int(random.integers(0, 12)), replace=False)
        hashes[number] = hashes[number - 100] ^ np.bitwise_or.reduce(
            np.left_shift(np.uint64(1), flips.astype(np.uint64)), initial=np.uint64(0)
        )
    found = picture_duplicates._candidates(hashes, 50)
    for row in range(50, 300):
        near = np.flatnonzero(np.bitwise_count(hashes[:row] ^ hashes[row]) <= MAX_DISTANCE)
        assert found[row - 50].tolist() == near.tolist()


def test_nothing_gives_nothing_and_other_lengths_are_refused() -> None:
    assert find_picture_twins([], threshold=0.9) == []
    with pytest.raises(InvalidInput, match="has 8 bytes, 296 are written by this version; run first_pass again"):
        find_picture_twins([], threshold=0.9, accepted=[bytes(8)])
