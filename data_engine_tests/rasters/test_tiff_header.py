import io
from pathlib import Path

import numpy as np
import pytest
from drawn_scenes import noise, write_scene
from PIL import Image

from data_engine.rasters.tiff_header import TiffHeader, read_tiff_header


def _header(path: Path) -> TiffHeader | None:
    with path.open("rb") as stream:
        return read_tiff_header(stream)


@pytest.mark.parametrize(
    "said", [{}, {"BIGTIFF": "YES"}, {"ENDIANNESS": "BIG"}, {"BIGTIFF": "YES", "ENDIANNESS": "BIG"}]
)
def test_a_geotiff_says_its_size_and_that_it_lies_somewhere(tmp_path: Path, said: dict) -> None:
    path = write_scene(tmp_path / "a.tif", noise(1, 70, 90), **said)
    assert _header(path) == TiffHeader(90, 70, is_placed=True)


def test_a_photo_as_tiff_lies_nowhere(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((7, 9), np.uint8)).save(tmp_path / "a.tif")
    assert _header(tmp_path / "a.tif") == TiffHeader(9, 7, is_placed=False)


@pytest.mark.parametrize(
    "content",
    [b"", b"II", b"II*\0", b"II*\0\xff\xff\xff\xff12345678", b"II*\0\x08\0\0\0\xff\xff", b"\x89PNG\r\n\x1a\n12345678"],
)
def test_what_is_no_tiff_or_breaks_off_has_no_header(content: bytes) -> None:
    assert read_tiff_header(io.BytesIO(content)) is None
