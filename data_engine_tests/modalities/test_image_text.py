"""Ten pairs for the contract of all modalities, and rows that hold none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from small_project import make_notes


def _drawn(number: int) -> Image.Image:
    """A smooth pattern of 48 x 40 pixels, another one for each number."""
    coarse = np.random.default_rng(number).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((48, 40), Image.Resampling.BICUBIC)


def write_samples(folder: Path) -> dict[str, Any]:
    """Ten samples, of which the last nearly repeats the first; gives what the corpus' description says of them."""
    captions = [row["text"] for row in make_notes(9, 1)]
    names = [f"images/{number}.png" for number in range(9)]
    (folder / "images").mkdir()
    for number, name in enumerate(names):
        _drawn(number).save(folder / name)
    _drawn(0).save(folder / "images" / "9.jpg", quality=95)
    rows = [*zip(names, captions, strict=True), ("images/9.jpg", captions[0])]
    _write(folder / "pairs.jsonl", [{"file": name, "text": caption} for name, caption in rows])
    limits = {"max_sample_bytes": 100_000, "max_pixels": 10_000}
    return {
        "source": {"kind": "jsonl", "path": str(folder), "pattern": "*.jsonl", "path_column": "file", **limits},
        "batches": {"by": "folder"},
    }


def write_bad(folder: Path) -> None:
    """Rows of an image that is cut, a text under a wrong ending, too many pixels, and none at all."""
    images = folder / "images"
    (images / "cut.png").write_bytes((images / "1.png").read_bytes()[:-400])
    (images / "ending.png").write_text("no image", "utf-8")
    Image.new("1", (500, 500)).save(images / "size.png")
    names = [f"images/{name}.png" for name in ("cut", "ending", "size", "missing")]
    _write(folder / "bad_rows.jsonl", [{"file": name, "text": "a caption of it"} for name in names])


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def test_a_caption_goes_with_each_image(tmp_path: Path) -> None:
    write_samples(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == 10
    assert all((tmp_path / row["file"]).is_file() and row["text"] for row in rows)
