"""What TIFF files are: satellite scenes, which say where they lie, or plain images; and how scenes would be cut.

What other files are is in `data_look.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data_engine.rasters.tiff_header import TiffHeader, read_tiff_header
from data_engine.rasters.tile_grid import n_windows

ENDINGS = (".tif", ".tiff")
#: Sides of tiles that are guessed, the largest first: one of which every scene has some.
_SIDES_PX = (256, 128, 64, 32, 16)
_LOOKED_AT = 200


@dataclass(frozen=True)
class Scenes:
    """Scenes of a folder and the tiles that they would be cut into."""

    tile_px: int
    n_tiles: int
    is_estimate: bool


def scenes_among(files: Sequence[Path]) -> Scenes | None:
    """How scenes would be cut; None where most of the files do not say where they lie.

    The headers of 200 files at even distances are looked at, and the others counted as being like them.
    """
    step = max(1, len(files) // _LOOKED_AT)
    looked = [header for file in files[::step] if (header := _header(file)) is not None]
    placed = [header for header in looked if header.is_placed]
    if not placed or len(placed) * 2 <= len(looked):
        return None
    shortest = min(min(header.width_px, header.height_px) for header in placed)
    side = next((side for side in _SIDES_PX if side <= shortest), _SIDES_PX[-1])
    n_tiles = sum(n_windows(header.width_px, header.height_px, side_px=side, step_px=side) for header in placed)
    return Scenes(side, round(n_tiles * len(files) / len(files[::step])), is_estimate=step > 1)


def _header(file: Path) -> TiffHeader | None:
    try:
        with file.open("rb") as stream:
            return read_tiff_header(stream)
    except OSError:
        return None
