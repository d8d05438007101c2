"""Small releases as folders: texts, and images of two classes, in splits or without."""

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from drawn_tiles import drawn_tile
from PIL import Image

from data_engine.indexing.samples import sample_id_of_bytes, sample_id_of_text
from data_engine.rasters.description import described
from data_engine.rasters.geotiff import geotiff_of
from data_engine.rasters.tile_grid import Window
from data_engine.releasing import release_fingerprint, write_release
from data_engine.schemas import RELEASE
from data_engine.sound.clip import Clip, wav_bytes

TEXTS = {"first\nline": "odd / label", "": "plain", "Ünal 日本": "plain", 'quotes " and ,': "odd / label"}
DAY = "2026-01-02T03:04:05+00:00"
SIZES = {(8, 6): "cat", (5, 5): "dog/wolf", (9, 3): "cat", (4, 7): "dog/wolf"}


def row_of(sample_id: str, **values: Any) -> dict[str, Any]:
    """A row of a release."""
    return {
        "sample_id": sample_id,
        "release_id": "",
        "batch": "007",
        "uri": f"{sample_id}.x",
        "label": None,
        "provenance": "human",
        "posterior": 0.25,
        "quality": 1.0,
        "leaf": 3,
        "top_cluster": 0,
        "metadata": json.dumps({"n": [1, None]}),
        **values,
    }


def png(size: tuple[int, int], shade: int = 100) -> bytes:
    """A grey image."""
    stream = BytesIO()
    Image.new("RGB", size, (shade, shade, shade)).save(stream, "PNG")
    return stream.getvalue()


def text_release(
    root: Path, *, formats: tuple[str, ...] = ("parquet", "jsonl"), created_at: str = DAY, **columns: list[Any]
) -> Path:
    """The folder of a release of four texts; `columns` are further values, one for each text."""
    rows = [row_of(sample_id_of_text(text), text=text, label=label) for text, label in TEXTS.items()]
    return _written(root, _with(rows, columns), {}, formats, created_at)


def image_release(root: Path, **columns: list[Any]) -> Path:
    """The folder of a release of four images; `columns` are further values, one for each image."""
    contents = [png(size) for size in SIZES]
    rows = [
        row_of(sample_id_of_bytes(content), label=label)
        for content, label in zip(contents, SIZES.values(), strict=True)
    ]
    images = {f"{row['sample_id']}.png": content for row, content in zip(rows, contents, strict=True)}
    return _written(root, _with(rows, columns), images, ("parquet",), DAY)


def tile_release(root: Path) -> Path:
    """The folder of a release of two tiles of a scene."""
    window, corners = Window(0, 0, 32, 32), np.array([[13.0, 52.0], [13.1, 52.0], [13.1, 52.1], [13.0, 52.1]])
    rows, images = [], {}
    for number in range(2):
        tile = drawn_tile(number)
        sample_id = sample_id_of_bytes(tile.tile.content())
        said = described(tile, window, corners, scene="a.tif", acquired_at=DAY)
        rows.append(row_of(sample_id, label="field", metadata=json.dumps(said)))
        images[f"{sample_id}.tif"] = geotiff_of(tile)
    return _written(root, rows, images, ("parquet",), DAY, modality="raster")


def sound_release(root: Path, **columns: list[Any]) -> Path:
    """The folder of a release of three sounds, of which two are parts of one file."""
    contents = [wav_bytes(Clip(np.full((n, 1), n, np.int16), 8_000)) for n in (800, 900, 1_000)]
    uris = ["a.wav#t=00:00:00,00:00:01", "a.wav#t=00:00:01,00:00:02", "b.wav"]
    rows = [
        row_of(sample_id_of_bytes(content), uri=uri, label=label)
        for content, uri, label in zip(contents, uris, ("bird", "rain", "bird"), strict=True)
    ]
    files = {f"{row['sample_id']}.wav": content for row, content in zip(rows, contents, strict=True)}
    return _written(root, _with(rows, columns), files, ("parquet",), DAY, modality="audio")


def bytes_below(folder: Path) -> dict[str, str]:
    """The sha256 of every file below a folder, by its path."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _with(rows: list[dict[str, Any]], columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [row | {name: values[place] for name, values in columns.items()} for place, row in enumerate(rows)]


def _written(
    root: Path,
    rows: list[dict[str, Any]],
    images: dict[str, bytes],
    formats: tuple[str, ...],
    created_at: str,
    **said: str,
) -> Path:
    table = pa.Table.from_pylist(rows, schema=RELEASE)
    release_id = release_fingerprint(table)
    ids = pa.array([release_id] * len(table), pa.string())
    table = table.set_column(RELEASE.get_field_index("release_id"), RELEASE.field("release_id"), ids)
    manifest = {
        "release_id": release_id,
        "corpus": "small",
        "n_samples": len(table),
        "created_at": created_at,
        "configuration": {"release": {"title": "A title: “x”", "licence": "CC0-1.0"}, **said},
    }
    write_release(root / release_id, table, manifest, "# A title\n", images=sorted(images.items()), formats=formats)
    return root / release_id
