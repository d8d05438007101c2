#!/usr/bin/env python3
"""Frames of videos beside plain PyAV, and masks carried along made-up motion beside a mask that stays and GrabCut.

    python benchmarks/video.py --write

Reading: a video made by PyAV (H.264, B-frames) is decoded as a whole by PyAV alone, and read as a source of kind video
in the same process, one after the other: at every frame, at one frame a second, and each frame found again. Carrying:
textured shapes that move, turn, grow or bend before a textured ground that moves as well. All of it is synthetic, made
by this script from random numbers, and says nothing of real videos beyond what its motions are.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from results import append_results

from data_engine.indexing import Contents, list_batches, read_batch
from data_engine.indexing.source import Batches, Source
from data_engine.segmentation import load_segmenter
from data_engine.segmentation.flow import MaskCarrier
from data_engine.segmentation.masks import Mask, bounding_box, iou
from data_engine_tests.support.made_videos import texture, write_video

_SIZE, _N_FRAMES, _DISTANCES = (240, 320), 11, (1, 2, 3, 5, 10)
#: Pixels, degrees and growth from frame to frame, pixels of a wave that bends the shape, and pixels of the ground.
MOTIONS = {
    "slow (3 px, 2 degrees)": (3.0, 2.0, 1.0, 0.0, 0.5),
    "fast (12 px, 6 degrees, grows 2 %)": (12.0, 6.0, 1.02, 0.0, 1.0),
    "bends (3 px, a wave of 3 px)": (3.0, 0.0, 1.0, 3.0, 0.5),
}
_LEAST_CONSISTENCY = 0.5
Scene = tuple[list[NDArray[np.uint8]], list[Mask]]


def scene(motion: tuple[float, float, float, float, float], seed: int) -> Scene:
    """Frames, and the mask of the shape in each."""
    step, turn, grow, wave, ground_step = motion
    rng, (height, width) = np.random.default_rng(seed), _SIZE
    ground = cv2.GaussianBlur(texture(height + 80, width + 80, seed=seed, px=6), (0, 0), 1.5)
    cloth = cv2.GaussianBlur(texture(160, 160, seed=seed + 1000, px=5), (0, 0), 1.2)
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = rng.uniform(20, 36) * (1 + 0.25 * np.sin(rng.integers(2, 6) * angle + rng.uniform(0, 6)))
    ring = np.stack([80 + radius * np.cos(angle), 80 + radius * np.sin(angle)], axis=1)
    whole = np.zeros((160, 160), np.uint8)
    cv2.fillPoly(whole, [ring.astype(np.int32)], 1)
    way, sign, phase = rng.uniform(0, 2 * np.pi), rng.choice([-1, 1]), rng.uniform(0, 6)
    rows, columns = np.mgrid[:160, :160].astype(np.float32)
    frames, masks = [], []
    for number in range(_N_FRAMES):
        bent = columns + wave * np.sin(rows / 12 + phase + number / 2).astype(np.float32)
        place = cv2.getRotationMatrix2D((80, 80), float(sign * turn * number), grow**number)
        middle = np.array([width / 2, height / 2]) + step * (number - _N_FRAMES / 2) * np.array(
            [np.cos(way), np.sin(way)]
        )
        place = place + np.array([[0, 0, middle[0] - 80], [0, 0, middle[1] - 80]])
        shape, shown = (cv2.remap(each, bent, rows, cv2.INTER_LINEAR) for each in (whole, cloth))
        mask = cv2.warpAffine(shape, place, (width, height)) > 0
        shift = (width / 2 + 40 + ground_step * number, height / 2 + 40 + ground_step * number / 2)
        frame = np.where(
            mask[..., None],
            cv2.warpAffine(shown, place, (width, height)),
            cv2.getRectSubPix(ground, (width, height), shift),
        )
        frames.append(np.clip(frame + rng.normal(0, 3, frame.shape), 0, 255).astype(np.uint8))
        masks.append(mask)
    return frames, masks


def stays(frames: list[NDArray[np.uint8]], first: Mask) -> Iterator[Mask | None]:
    """The mask as it was drawn, in every frame."""
    yield from [first] * (len(frames) - 1)


def grabcut_from_box(frames: list[NDArray[np.uint8]], first: Mask) -> Iterator[Mask | None]:
    """GrabCut in each frame, in the box of the mask before, a tenth wider on each side."""
    segmenter, mask = load_segmenter("grabcut-from-box"), first
    for frame in frames[1:]:
        left, top, right, bottom = bounding_box(mask)
        dx, dy = (right - left) / 10, (bottom - top) / 10
        x0, y0 = max(0.0, left - dx), max(0.0, top - dy)
        x1, y1 = min(_SIZE[1] - 1.0, right + dx), min(_SIZE[0] - 1.0, bottom + dy)
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        found = segmenter.predict(frame, [(x0, middle[1]), (middle[0], y0), (x1, middle[1]), (middle[0], y1)])
        mask = found if found.any() else mask
        yield mask


def carried(frames: list[NDArray[np.uint8]], first: Mask) -> Iterator[Mask | None]:
    """By flow, as the engine carries masks; None from where it does not trust itself."""
    carrier = MaskCarrier(frames[0], first)
    for frame in frames[1:]:
        found = carrier.step(frame)
        if found is None or found.consistency < _LEAST_CONSISTENCY:
            return
        yield found.mask


WAYS: dict[str, Callable[[list[NDArray[np.uint8]], Mask], Iterator[Mask | None]]] = {
    "carried by flow": carried,
    "the mask stays": stays,
    "GrabCut from the box before": grabcut_from_box,
}


def carrying(n_scenes: int) -> list[str]:
    """Rows of the table: IoU by distance, share of chains that got there, milliseconds a frame."""
    lines = []
    for name, motion in MOTIONS.items():
        scenes = [scene(motion, seed) for seed in range(n_scenes)]
        for way, follow in WAYS.items():
            ious: dict[int, list[float]] = {n: [] for n in _DISTANCES}
            begun, n_steps = time.perf_counter(), 0
            for frames, masks in scenes:
                for n, mask in enumerate(follow(frames, masks[0]), start=1):
                    n_steps += 1
                    if n in ious and mask is not None:
                        ious[n].append(iou(mask, masks[n]))
            each_ms = 1000 * (time.perf_counter() - begun) / n_steps
            cells = [f"{np.mean(ious[n]):.3f} ({len(ious[n])})" if ious[n] else "- (0)" for n in _DISTANCES]
            lines.append(f"| {name} | {way} | {' | '.join(cells)} | {each_ms:.1f} |")
            print(lines[-1], flush=True)
    return lines


def reading(n_frames: int, repeats: int) -> list[str]:
    """Rows of the table: frames a second of each way to read, and as a share of PyAV alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b_frames.mkv"
        ground = cv2.GaussianBlur(texture(480 + n_frames, 640 + n_frames, seed=0), (0, 0), 2)
        write_video(path, (np.asarray(ground[n : n + 480, n : n + 640], np.uint8) for n in range(n_frames)), rate=25)
        ways = {
            "PyAV alone, pixels as RGB": lambda: _plain(path, as_rgb=True),
            "PyAV alone, decoded only": lambda: _plain(path, as_rgb=False),
            "indexed, every frame": lambda: len(_indexed(folder, frames_per_second=25)[1]),
            "indexed, one frame a second": lambda: _decoded_of(folder, n_frames, every_seconds=1),
            "indexed, changes of scene": lambda: _decoded_of(folder, n_frames, scene_change=0.2),
        }
        source, rows = _indexed(folder, frames_per_second=25)
        ordered = sorted(rows, key=lambda row: row["uri"])
        shuffled = [ordered[at] for at in np.random.default_rng(0).permutation(len(ordered))[:: max(1, n_frames // 60)]]
        ways["found again, in order"] = lambda: _found(source, folder, ordered)
        ways["found again, in any order"] = lambda: _found(source, folder, shuffled)
        speeds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(repeats):
            for name, way in ways.items():
                begun = time.perf_counter()
                n = way()
                speeds[name].append(n / (time.perf_counter() - begun))
        plain = float(np.median(speeds["PyAV alone, pixels as RGB"]))
        return [f"| {name} | {np.median(each):,.0f} | {np.median(each) / plain:.2f} |" for name, each in speeds.items()]


def _plain(path: Path, *, as_rgb: bool) -> int:
    import av

    n = 0
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            if as_rgb:
                frame.to_ndarray(format="rgb24")
            n += 1
    return n


def _indexed(folder: str, **options: float) -> tuple[Source, list[dict[str, Any]]]:
    source = Source(kind="video", path=folder, **options)  # type: ignore[arg-type]
    files = [file for batch in list_batches(source, Batches(), Path(folder)).values() for file in batch]
    return source, read_batch(source, files, batch="b", modality="image").to_pylist()


def _decoded_of(folder: str, n_frames: int, **options: float) -> int:
    """Frames that are decoded on the way, as each of them is."""
    _indexed(folder, **options)
    return n_frames


def _found(source: Source, folder: str, rows: list[dict[str, Any]]) -> int:
    contents = Contents(source, Path(folder))
    for row in rows:
        contents.read(row)
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    asked = parser.parse_args()
    read = reading(asked.frames, asked.repeats)
    print("\n".join(read), flush=True)
    body = [
        f"Reading {asked.frames} frames of 640 x 480 px, H.264 with B-frames, {asked.repeats} times in turn; the "
        "median. Of one frame a second and of changes of scene the frames that are decoded count, not those kept.",
        "",
        "| way | frames a second | to PyAV alone |",
        "|---|---|---|",
        *read,
        "",
        f"Masks of {asked.scenes} synthetic scenes of each motion ({_SIZE[1]} x {_SIZE[0]} px), from the first frame "
        "on: mean IoU after so many frames, and of how many scenes. A chain of flow ends where its consistency is "
        f"below {_LEAST_CONSISTENCY}, and what it does not carry is not counted.",
        "",
        f"| motion from frame to frame | way | {' | '.join(map(str, _DISTANCES))} | ms a frame |",
        "|---|---|" + "---|" * (len(_DISTANCES) + 1),
        *carrying(asked.scenes),
    ]
    text = "\n".join(body)
    if asked.write:
        append_results("Video: frames and carried masks (synthetic)", text)
    else:
        print(json.dumps(text.splitlines(), indent=1))


if __name__ == "__main__":
    main()
