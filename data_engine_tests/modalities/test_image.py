"""Ten images for the contract of all modalities, and files that are no images."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def _drawn(number: int) -> Image.Image:
    """A smooth pattern of 48 x 40 pixels, another one for each number."""
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    return coarse.resize((48, 40), Image.Resampling.BICUBIC)


def write_samples(folder: Path) -> dict[str, Any]:
    """Ten samples, of which the last nearly repeats the first; gives what the corpus' description says of them."""
    for number in range(9):
        _drawn(number).save(folder / f"{number}.png")
    _drawn(0).save(folder / "9.jpg", quality=95)
    return {"source": {"kind": "folder", "path": str(folder), "max_sample_bytes": 100_000, "max_pixels": 10_000}}


def write_bad(folder: Path) -> None:
    """Files that cannot be read: cut, a text under a wrong ending, and one that announces too many pixels."""
    (folder / "bad_cut.png").write_bytes((folder / "1.png").read_bytes()[:-400])
    (folder / "bad_ending.png").write_text("no image", "utf-8")
    Image.new("1", (500, 500)).save(folder / "bad_size.png")


def test_the_last_image_has_other_bytes_and_nearly_the_pixels_of_the_first(tmp_path: Path) -> None:
    write_samples(tmp_path)
    first, last = (np.asarray(Image.open(tmp_path / name), dtype=int) for name in ("0.png", "9.jpg"))
    assert 0 < np.abs(first - last).mean() < 4
