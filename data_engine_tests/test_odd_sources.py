"""Sources that users of similar tools tripped over: every row, member and image of each is read, or says why not."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data_engine.corpus import Corpus
from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.source import Batches, Source
from data_engine.quality import evaluate

Make = Callable[[Path], None]
TEXTS = [f"text number {number}" for number in range(20)]


def _rows(folder: Path, kind: str, modality: Any = "text", **settings: Any) -> list[dict[str, Any]]:
    source = Source(kind=kind, path=str(folder), **settings)
    rows: list[dict[str, Any]] = []
    for batch, files in list_batches(source, Batches(by="file"), folder).items():
        rows += read_batch(source, list(files), batch=batch, modality=modality).to_pylist()
    return rows


def _tar(path: Path, members: list[tuple[str, bytes]], **how: Any) -> None:
    with tarfile.open(path, "w", **how) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def _stray_quotes(folder: Path) -> None:
    texts = [*TEXTS[:10], '"Herbs', *TEXTS[11:], '"Roses and']
    (folder / "a.tsv").write_text("text\tlabel\n" + "".join(f"{text}\tx\n" for text in texts), "utf-8")


def _lone_returns(folder: Path) -> None:
    (folder / "a.csv").write_bytes(b"text,label\r" + b"".join(f"{text},x\r".encode() for text in TEXTS))


def _array(folder: Path) -> None:
    (folder / "a.jsonl").write_text(json.dumps([{"text": text} for text in TEXTS]), "utf-8")


def _broken_utf8(folder: Path) -> None:
    values = [text.encode() for text in TEXTS]
    values[3] = b"caf\xe9 \xff"
    pq.write_table(
        pa.table({"text": pa.array(values, pa.binary()).cast(pa.string(), safe=False)}), folder / "b.parquet"
    )


def _late_dates(folder: Path) -> None:
    until = pa.array([0] * 19 + [253_402_300_800_000_000], pa.timestamp("us"))
    pq.write_table(pa.table({"text": TEXTS, "valid_until": until}), folder / "b.parquet")


def _latin_names(folder: Path) -> None:
    members = [(f"caf\u00e9{number}.txt", text.encode()) for number, text in enumerate(TEXTS)]
    _tar(folder / "b.tar", members, format=tarfile.USTAR_FORMAT, encoding="latin-1")


def _repeated_member(folder: Path) -> None:
    _tar(folder / "a.tar", [("n0.txt", b"again"), *((f"n{n}.txt", text.encode()) for n, text in enumerate(TEXTS))])


def _missing_texts(folder: Path) -> None:
    rows = [{"text": float("nan")}, {"text": None}, *({"text": text} for text in TEXTS)]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")


@pytest.mark.parametrize(
    ("make", "kind", "n_readable", "errors"),
    [
        (
            _stray_quotes,
            "csv",
            10,
            ["text follows a closing quote within the 11 lines that a quote in line 12 takes in"],
        ),
        (_lone_returns, "csv", 20, []),
        (_array, "jsonl", 20, []),
        (_broken_utf8, "parquet", 19, ["b.parquet row 4: the text of column 'text' is not UTF-8; save it as UTF-8"]),
        (_late_dates, "parquet", 20, []),
        (_latin_names, "webdataset", 20, []),
        (_repeated_member, "webdataset", 20, ["n0.txt is an earlier member's name too; rename one of them"]),
        (_missing_texts, "jsonl", 22, []),
    ],
)
def test_each_text_is_read_or_a_row_says_why_not(
    make: Make, kind: str, n_readable: int, errors: list[str], tmp_path: Path
) -> None:
    make(tmp_path)
    rows = _rows(tmp_path, kind)
    found = [row["error"] for row in rows if not row["is_readable"]]
    assert len(rows) - len(found) == n_readable
    assert len(found) == len(errors)
    assert all(error in said for said, error in zip(found, errors, strict=True)), found
    assert all("\\xe9" in row["uri"] for row in rows if make is _latin_names)
    assert {row["text"] for row in rows if row["is_readable"]} - set(TEXTS) <= {"", "again"}


def _drawn(width: int = 60, height: int = 40) -> Image.Image:
    image = Image.new("L", (width, height), 230)
    image.paste(20, (5, 5, width // 2, height // 2))
    return image


def test_an_orientation_is_applied_once_to_a_tiff_as_to_a_png(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    _drawn().save(tmp_path / "a.tif", exif=exif)
    _drawn().save(tmp_path / "a.png", exif=exif)
    rows = _rows(tmp_path, "folder", "image")
    assert [(row["width_px"], row["height_px"]) for row in rows] == [(40, 60)] * 2
    first, second = (np.asarray(Image.open(io.BytesIO(row["thumbnail"])), np.int16) for row in rows)
    assert np.abs(first - second).max() <= 8


def test_damaged_camera_data_cost_no_image(tmp_path: Path) -> None:
    for form in ("png", "webp", "jpeg"):
        _drawn().convert("RGB").save(tmp_path / f"a.{form}", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\xff")
    assert [row["error"] for row in _rows(tmp_path, "folder", "image")] == [None] * 3


@pytest.mark.parametrize(("scale", "offset", "mode"), [(4, 0, "I;16"), (16, 0, "I;16"), (8, -1000, "I")])
def test_deep_images_are_seen_as_what_they_show(scale: int, offset: int, mode: str, tmp_path: Path) -> None:
    values = np.asarray(_drawn(), np.int32) * scale + offset
    form = "png" if mode == "I;16" else "tif"
    Image.fromarray(values.astype(np.uint16 if mode == "I;16" else np.int32)).save(tmp_path / f"a.{form}")
    (row,) = _rows(tmp_path, "folder", "image")
    low, high = Image.open(io.BytesIO(row["thumbnail"])).convert("L").getextrema()
    assert isinstance(low, float | int) and isinstance(high, float | int) and high - low > 150


def test_rows_that_name_no_image_that_can_be_are_unreadable_and_the_rows_after_them_are_read(tmp_path: Path) -> None:
    _drawn().save(tmp_path / "a.png")
    names = ["a.png", "x" * 300 + ".png", "data:image/png;base64," + "iVBORw0KGgo" * 40, "a\0b.png", "a.png"]
    (tmp_path / "list.jsonl").write_text("\n".join(json.dumps({"image": name}) for name in names), "utf-8")
    rows = _rows(tmp_path, "jsonl", "image", path_column="image", pattern="*.jsonl")
    assert [row["is_readable"] for row in rows] == [True, False, False, False, True]
    assert all("names file" in row["error"] or "row 4" in row["error"] for row in rows if row["error"])


def test_a_file_that_gives_nothing_holds_its_batch_by_name_however_small_its_share(tmp_path: Path) -> None:
    (tmp_path / "good.jsonl").write_text("\n".join(json.dumps({"text": f"{n}"}) for n in range(500)), "utf-8")
    (tmp_path / "rest.json").write_text('["one", "two"]', "utf-8")
    source = Source(kind="jsonl", path=str(tmp_path))
    (files,) = list_batches(source, Batches(), tmp_path).values()
    raw = read_batch(source, list(files), batch="b", modality="text")
    said: dict[str, Any] = {"name": "notes", "source": {"kind": "jsonl", "path": "x"}, "encoder": "hashed-ngrams"}
    corpus = Corpus.model_validate({**said, "subset": {"target_size": 10}})
    failed = {
        result.name: result.detail for result in evaluate("raw_index", {"raw_index": raw}, corpus) if not result.passed
    }
    assert list(failed) == ["no_file_breaks_off"]
    assert (
        "first `rest.json: gives nothing: none of its 1 samples can be read, the first because rest.json line 1 holds"
        in (failed["no_file_breaks_off"])
    )
