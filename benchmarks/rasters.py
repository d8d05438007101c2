"""Satellite scenes: tiles per second beside a bare windowed read, memory, duplicates, and what a balanced subset holds.

    python benchmarks/rasters.py [--write] [--patches 96] [--subset-patches 48]

The scenes are drawn: patches of eleven land covers, six of them rare, with their spectra, texture and noise; nothing of
them is a photo. *Bare*: rasterio reads the same windows and does nothing with them. *Tiles*: what the raw index needs,
in this process: pixels checked for missing data, id, place in longitude and latitude, metadata, preview. *Raw index*:
the same as the step reads it, in a process of its own, with the thumbnail. *Rules*: measures and sketch of a tile. All
of one size of scene, one after the other in this process, the best of three. Memory is the peak of a process that cuts
a whole scene, beside that of one which has only imported what it needs.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from results import append_results

from data_engine.duplicates.fingerprints import Fingerprint, find_fingerprint_twins
from data_engine.duplicates.images.search import find_image_twins
from data_engine.duplicates.images.sketch import sketch_of as image_sketch
from data_engine.duplicates.rasters.pixel_sketch import SKETCH_BYTES, keys_of, similarity_of, sketch_of
from data_engine.embedding import load_encoder
from data_engine.filtering.rules.media.raster_look import look_at_tile
from data_engine.images import image_of, words_of
from data_engine.indexing.pixels.raster_tiles import read_raster_tiles
from data_engine.indexing.source import Source
from data_engine.indexing.source_files import EPOCH, SourceFile
from data_engine.rasters.cutting import cut_scene
from data_engine.rasters.description import DescribedTile, described_tile
from data_engine.rasters.preview import preview, stretch_of
from data_engine.rasters.settings import Raster
from data_engine.rasters.tile import Tile
from data_engine.rasters.tile_grid import windows
from data_engine.sampling import choose_subset
from data_engine_tests.support.drawn_land import COVERS, N_RARE, land, write_land

RASTER = Raster(value_range=(0, 10_000))
SIDE_PX, PATCH_PX = 256, 64
_MEMORY = """
import sys
from pathlib import Path
from data_engine.rasters.cutting import cut_scene
from data_engine.rasters.settings import Raster
import rasterio, rasterio.warp, numpy
path = Path(sys.argv[1])
if sys.argv[2] == "cut":
    for _ in cut_scene(path, "a.tif", path.stat().st_size, Raster(value_range=(0, 10_000)), side_px=256, step_px=256):
        pass
# The peak of this program: getrusage counts that of the process which started it, too.
status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)
"""


def best(work: Callable[[], object], n: int = 3) -> float:
    """Seconds of the best of n."""
    seconds = []
    for _ in range(n):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def bare(path: Path) -> int:
    n = 0
    with rasterio.open(path) as file:
        for window in windows(file.width, file.height, side_px=SIDE_PX, step_px=SIDE_PX):
            rows, columns = (window.top_px, window.top_px + SIDE_PX), (window.left_px, window.left_px + SIDE_PX)
            file.read(window=(rows, columns))
            n += 1
    return n


def cut(path: Path, side_px: int = SIDE_PX, step_px: int = SIDE_PX) -> Iterator[Any]:
    return cut_scene(path, path.name, path.stat().st_size, RASTER, side_px=side_px, step_px=step_px)


def raw_index(path: Path) -> int:
    source = Source(kind="raster_tiles", path=str(path.parent), tile_px=SIDE_PX, raster=RASTER)
    file = SourceFile(path, path.name, path.stat().st_size, EPOCH)
    return sum(1 for _ in read_raster_tiles(file, source))


def speed(path: Path) -> str:
    """The table of speeds."""
    n = bare(path)
    tiles = [described_tile(each.content, each.metadata) for each in cut(path)]
    encoder = load_encoder("spectral-statistics/4")
    times = {
        "bare windowed read": best(lambda: bare(path)),
        "tiles: checked, named, placed, shown": best(lambda: sum(1 for _ in cut(path))),
        "raw index: the same in a process of its own, with thumbnails": best(lambda: raw_index(path)),
        "rules: measures and sketch": best(lambda: [look_at_tile(_fresh(tile)) for tile in tiles]),
        "spectral statistics": best(lambda: encoder.encode([_fresh(tile) for tile in tiles])),
    }
    first = times["bare windowed read"]
    rows = [f"| {name} | {n / seconds:,.0f} | {seconds / first:.2f} |" for name, seconds in times.items()]
    head = "| what | tiles per second | times the bare read |\n|---|---|---|"
    size = f"{n:,} tiles of {SIDE_PX} x {SIDE_PX} px in 4 bands of 16 bits, deflate, {path.stat().st_size:,} bytes"
    return f"{size}:\n\n{head}\n" + "\n".join(rows)


def _fresh(tile: DescribedTile) -> DescribedTile:
    """The tile without what was worked out of it."""
    return DescribedTile(tile.tile, tile.bands, tile.scaling, tile.stretch, tile.cloud_brightness)


def peak_bytes(path: Path, what: str) -> int:
    said = subprocess.run([sys.executable, "-c", _MEMORY, str(path), what], check=True, capture_output=True, text=True)
    return int(said.stdout)


def memory(paths: list[Path]) -> str:
    """The table of memory."""
    rows = []
    for path in paths:
        with rasterio.open(path) as file:
            n_bytes = file.width * file.height * file.count * 2
            shape = f"{file.width:,} x {file.height:,} px"
        idle, used = peak_bytes(path, "nothing"), peak_bytes(path, "cut")
        rows.append(
            f"| {shape} | {n_bytes / 2**20:,.0f} | {used / 2**20:,.0f} | {(used - idle) / 2**20:,.0f} | "
            f"{(used - idle) / n_bytes:.2f} |"
        )
    head = (
        "| scene | its pixels, MiB | peak of the process, MiB | of that for the scene, MiB | of its pixels |\n"
        "|---|---|---|---|---|"
    )
    return head + "\n" + "\n".join(rows)


def planted(tile: Tile, rng: np.random.Generator) -> dict[str, tuple[Tile, bool]]:
    """Changes of a tile, each with whether the result is a duplicate."""
    pixels = tile.pixels

    def of(changed: NDArray[Any]) -> Tile:
        return Tile(np.clip(np.rint(changed), 1, 65_535).astype(np.uint16), tile.is_valid, tile.place)

    darker = pixels * rng.uniform(0.8, 0.9)
    patched, band = pixels.copy(), pixels.copy()
    patched[:, :, : pixels.shape[2] // 4] = 2_000
    band[-1] = np.roll(band[-1], 17)
    noisy = pixels + rng.normal(0, 30, pixels.shape)
    return {
        "the same pixels at another place": (of(pixels), True),
        "one value in a thousand lost": (of(np.where(rng.random(pixels.shape) < 0.001, 1, pixels)), True),
        "rescaled by less than 1 in 200": (of(pixels * 1.004), True),
        "the same place, darker at another time": (of(darker), False),
        "the same place, noise of another day": (of(noisy), False),
        "a quarter of it changed": (of(patched), False),
        "one of four bands changed": (of(band), False),
    }


def duplicates(n: int, seed: int) -> str:
    """The table of duplicates: by pixel sketches, and by what finds near-duplicate images in stretched previews."""
    rng = np.random.default_rng(seed)
    of_land = [_land_tile(rng) for _ in range(n)]
    cases: dict[str, list[Tile]] = {}
    is_repeat: dict[str, bool] = {}
    for tile in of_land:
        for name, (changed, repeats) in planted(tile, rng).items():
            cases.setdefault(name, []).append(changed)
            is_repeat[name] = repeats
    cases["overlaps by half"] = [_shifted(tile, rng) for tile in of_land]
    is_repeat["overlaps by half"] = False
    cases["another tile of the same land cover"] = [_land_tile(rng) for _ in range(n)]
    is_repeat["another tile of the same land cover"] = False
    marks = Fingerprint("pixels", SKETCH_BYTES, keys_of, similarity_of)
    known, shown = [sketch_of(tile) for tile in of_land], [_image(tile) for tile in of_land]
    rows = []
    for name, changed in cases.items():
        ours = find_fingerprint_twins(marks, [sketch_of(tile) for tile in changed], threshold=0.97, accepted=known)
        theirs = find_image_twins([_image(tile) for tile in changed], threshold=0.97, accepted=shown)
        found = [sum(twin is not None and twin.is_accepted for twin in twins) / n for twins in (ours, theirs)]
        rows.append(f"| {name} | {'yes' if is_repeat[name] else 'no'} | {found[0]:.1%} | {found[1]:.1%} |")
    head = "| change | is a duplicate | found by pixels | found by the look of the preview |\n|---|---|---|---|"
    return f"{n:,} tiles, each with every change, at a similarity of 0.97:\n\n{head}\n" + "\n".join(rows)


def _land_tile(rng: np.random.Generator) -> Tile:
    from data_engine.rasters.tile import GroundPlace

    covers = rng.integers(0, len(COVERS) - N_RARE, (2, 2))
    place = GroundPlace("EPSG:32633", 390_000 + float(rng.integers(10_000)), 5_820_000, 10, -10)
    return Tile(land(covers, 64, int(rng.integers(1 << 31))), np.ones((128, 128), bool), place)


def _shifted(tile: Tile, rng: np.random.Generator) -> Tile:
    other = _land_tile(rng)
    pixels = np.concatenate([tile.pixels[:, :, 64:], other.pixels[:, :, :64]], axis=2)
    return Tile(pixels, tile.is_valid, tile.place)


def _image(tile: Tile) -> bytes:
    """The sketch of the preview, stretched by itself."""
    stretch = stretch_of((2, 1, 0), (2, 98), tile.pixels.reshape(4, -1))
    return image_sketch(words_of(image_of(preview(tile, stretch))))


def subset(folder: Path, n_patches: int, n_draws: int) -> str:
    """The table of subsets: tiles whose grid is not that of the patches, each with the cover of most of its pixels."""
    path = folder / "subset.tif"
    covers = write_land(path, (n_patches, n_patches), patch_px=96, seed=7)
    encoder = load_encoder("spectral-statistics/4")
    rows, truth = [], []
    for each in cut(path, 64, 64):
        rows.append(described_tile(each.content, each.metadata))
        truth.append(_cover(covers, each.window))
    x, y = encoder.encode(rows), np.array(truth)
    is_rare = y >= len(COVERS) - N_RARE
    target = 200
    lines = []
    for method in ("random", "balanced", "flat_kmeans", "hierarchical"):
        found = [_figures(y, is_rare, choose_subset(x, target, method=method, seed=seed)) for seed in range(n_draws)]
        share, covered, kl = np.mean(found, axis=0)
        lines.append(f"| {method} | {share:.1%} | {covered:.1f} of {N_RARE} | {kl:.2f} |")
    head = (
        "| method | share of rare covers | rare covers with 3 tiles or more | KL to uniform, nats |\n|---|---|---|---|"
    )
    said = (
        f"{target} of {len(y):,} tiles of 64 x 64 px, {is_rare.mean():.1%} of them of one of {N_RARE} rare covers, "
        f"embedded by spectral-statistics/4; means of {n_draws} seeds:"
    )
    return f"{said}\n\n{head}\n" + "\n".join(lines)


def _cover(covers: NDArray[np.int64], window: Any) -> int:
    """The land cover of most of a tile."""
    rows = (window.top_px + np.arange(window.height_px)) // 96
    columns = (window.left_px + np.arange(window.width_px)) // 96
    return int(np.bincount(covers[np.ix_(rows, columns)].ravel(), minlength=len(COVERS)).argmax())


def _figures(y: NDArray[np.int64], is_rare: NDArray[np.bool_], chosen: NDArray[np.int64]) -> tuple[float, int, float]:
    counts = np.bincount(y[chosen], minlength=len(COVERS))
    shares = counts[counts > 0] / counts.sum()
    kl = np.log(len(COVERS)) + float((shares * np.log(shares)).sum())
    return float(is_rare[chosen].mean()), int((counts[len(COVERS) - N_RARE :] >= 3).sum()), kl


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into RESULTS.md")
    parser.add_argument("--patches", type=int, default=96, help="patches of 64 px on a side of the large scene")
    parser.add_argument(
        "--subset-patches", type=int, default=48, help="patches of 96 px on a side of that of the subset"
    )
    parser.add_argument("--tiles", type=int, default=200, help="tiles that duplicates are planted of")
    parser.add_argument("--draws", type=int, default=5, help="seeds of each method")
    arguments = parser.parse_args()
    rare = "### The balanced subset and rare land cover"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = folder / "small" / "a.tif", folder / "large" / "a.tif"
        for path, n in ((small, max(4, arguments.patches // 4)), (large, arguments.patches)):
            write_land(path, (n, n), patch_px=PATCH_PX, seed=1)
        parts = [
            f"### Speed\n\n{speed(large)}",
            f"### Memory\n\n{memory([small, large])}",
            f"### Duplicates\n\n{duplicates(arguments.tiles, 0)}",
            f"{rare}\n\n{subset(folder, arguments.subset_patches, arguments.draws)}",
        ]
    body = "\n\n".join([(__doc__ or "").split("\n\n")[2], *parts])
    print(body)
    if arguments.write:
        append_results("Satellite rasters", body, packages=("rasterio",))


if __name__ == "__main__":
    main()
