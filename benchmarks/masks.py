#!/usr/bin/env python3
"""Segmenters from four extreme points and corrective clicks, polygons of masks, and how long both take.

    python benchmarks/masks.py --coco FOLDER --grabcut FOLDER --write

Each folder has `img/` and `gt/`. Points and clicks are simulated: the extreme points of the known mask, then the middle
of the largest error. Of COCO only objects are measured whose image has an odd number; the chooser was fitted to the
others by `benchmarks/mask_chooser.py`.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mask_objects import KnownObject, agreement, is_training_half, objects_in
from results import append_results, environment

from data_engine.segmentation import Segmenter, decode_rle, encode_rle, load_segmenter, to_mask, to_polygons
from data_engine.segmentation.masks import iou
from data_engine.segmentation.measures import boundary_f, clicks_needed
from data_engine.segmentation.predictors.saliency import weights_file
from data_engine.segmentation.simulated_clicks import corrective_click, simulated_points

_PEERS = ("box", "ellipse", "quadrilateral", "octagon", "grabcut-from-box", "grabcut", "u2netp")
_CHOOSERS = ("chooser-without-saliency", "chooser")
_CLICKED = ("grabcut", "chooser")
_TIMED_SIDE_PX = 1000


def _loadable(names: Sequence[str]) -> list[str]:
    """Those whose weights are installed."""
    return [name for name in names if weights_file() is not None or name not in ("u2netp", "chooser")]


def first_masks(
    segmenter: Segmenter, objects: Sequence[KnownObject], tremor_px: float = 0
) -> tuple[float, float, float]:
    """Mean and median IoU and mean boundary F from four points."""
    shares, edges = [], []
    for number, one in enumerate(objects):
        points = simulated_points(one.truth, tremor_px=tremor_px, seed=number)
        mask = segmenter.predict(one.image, points)
        shares.append(agreement(mask, one))
        edges.append(boundary_f(mask & one.is_known, one.truth & one.is_known))
    return float(np.mean(shares)), float(np.median(shares)), float(np.mean(edges))


def clicked(segmenter: Segmenter, one: KnownObject, n_clicks: int) -> list[float]:
    """IoU after 0, 1, ... corrective clicks; an object without an error left stays as it is."""
    points = simulated_points(one.truth)
    mask, clicks = segmenter.predict(one.image, points), []
    reached = [agreement(mask, one)]
    for _ in range(n_clicks):
        click = corrective_click(mask & one.is_known, one.truth & one.is_known)
        if click is not None:
            clicks.append(click)
            mask = segmenter.predict(one.image, points, clicks, mask)
        reached.append(agreement(mask, one))
    return reached


def timed(segmenter: Segmenter, objects: Sequence[KnownObject]) -> list[float]:
    """Seconds of each prediction but the first, on images of 1,000 px."""
    import cv2

    seconds = []
    for one in objects:
        factor = _TIMED_SIDE_PX / max(one.truth.shape)
        size = round(one.truth.shape[1] * factor), round(one.truth.shape[0] * factor)
        image = np.asarray(cv2.resize(one.image, size), dtype=np.uint8)
        points = np.minimum(simulated_points(one.truth) * factor, size)
        begun = time.perf_counter()
        segmenter.predict(image, points)
        seconds.append(time.perf_counter() - begun)
    return seconds[1:]


def predicted_lines(sets: dict[str, list[KnownObject]]) -> list[str]:
    heads = " | ".join(f"{name}: mean IoU | median | boundary F | 3 px tremor" for name in sets)
    lines = [f"| segmenter | {heads} |", "|---|" + "---|" * 4 * len(sets)]
    for name in _loadable((*_PEERS, *_CHOOSERS)):
        cells = []
        for objects in sets.values():
            segmenter = load_segmenter(name)
            found = (*first_masks(segmenter, objects), first_masks(segmenter, objects, 3)[0])
            cells += [f"{value:.3f}" for value in found]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def clicked_lines(sets: dict[str, list[KnownObject]], n_clicks: int) -> list[str]:
    numbers = " | ".join(str(number) for number in range(n_clicks + 1))
    lines = [
        f"| objects | segmenter | mean IoU after clicks: {numbers} | NoC@85 | NoC@90 |",
        "|---|---|" + "---|" * (n_clicks + 3),
    ]
    for where, objects in sets.items():
        for name in _loadable(_CLICKED):
            segmenter = load_segmenter(name)
            reached = [clicked(segmenter, one, n_clicks) for one in objects]
            means = np.mean(reached, axis=0)
            needed = [np.mean([clicks_needed(one, target) for one in reached]) for target in (0.85, 0.9)]
            cells = " | ".join(f"{value:.3f}" for value in means)
            lines.append(f"| {where} | {name} | {cells} | {needed[0]:.2f} | {needed[1]:.2f} |")
            print(lines[-1], flush=True)
    return lines


def polygon_lines(objects: Sequence[KnownObject]) -> list[str]:
    lines = ["| asked IoU | lowest IoU | vertices: median | 90th percentile | ms, median |", "|---|---|---|---|---|"]
    for share in (0.9, 0.95, 0.97):
        lowest, vertices, seconds = [], [], []
        for one in objects:
            begun = time.perf_counter()
            polygons = to_polygons(one.truth, min_iou=share)
            seconds.append(time.perf_counter() - begun)
            lowest.append(iou(to_mask(polygons, one.truth.shape), one.truth))
            vertices.append(sum(map(len, polygons)))
        lines.append(
            f"| {share} | {min(lowest):.3f} | {np.median(vertices):g} | {np.percentile(vertices, 90):.0f} "
            f"| {1000 * np.median(seconds):.1f} |"
        )
    n_exact = sum(bool((decode_rle(encode_rle(one.truth)) == one.truth).all()) for one in objects)
    return [*lines, "", f"Run lengths gave {n_exact} of {len(objects)} masks back to the pixel."]


def time_lines(objects: Sequence[KnownObject]) -> list[str]:
    lines = ["| segmenter | median ms | 95th percentile | to GrabCut from the box |", "|---|---|---|---|"]
    baseline = float(np.median(timed(load_segmenter("grabcut-from-box"), objects)))
    for name in _loadable(("grabcut-from-box", "grabcut", "u2netp", *_CHOOSERS)):
        seconds = timed(load_segmenter(name), objects)
        middle = float(np.median(seconds))
        lines.append(
            f"| {name} | {1000 * middle:.0f} | {1000 * np.percentile(seconds, 95):.0f} | {middle / baseline:.2f} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coco", type=Path, required=True, help="folder with img/ and gt/")
    parser.add_argument("--grabcut", type=Path, help="folder of the GrabCut set")
    parser.add_argument("--every", type=int, default=1, help="only every so many objects")
    parser.add_argument("--clicks", type=int, default=6)
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    coco = [one for one in objects_in(args.coco) if not is_training_half(one)]
    sets = {"COCO": coco[:: args.every]}
    if args.grabcut:
        sets["GrabCut"] = list(objects_in(args.grabcut))[:: args.every]
    counted = " and ".join(f"{len(objects)} of {name}" for name, objects in sets.items())
    counted += "" if args.every == 1 else f", one object in {args.every} of each set and not the whole of it"
    lines = [
        f"Objects: {counted}, longest side of COCO 384 px. Points and clicks are simulated; NoC counts an object that "
        "is not there after the last click as 20. Goals from four points: mean IoU .80 on COCO and .92 on GrabCut; no "
        "correct click lowers it; 95 % of the predictions after the first within 100 ms on images of 1,000 px, on a "
        "machine that does nothing else.",
        "",
        *predicted_lines(sets),
        "",
        *clicked_lines(sets, args.clicks),
        "",
        *polygon_lines(sets["COCO"]),
        "",
        *time_lines(sets["COCO"][:40]),
    ]
    print("\n".join(lines))
    if args.write:
        append_results("Masks from extreme points", "\n".join(lines), packages=["opencv-python-headless"])
    print(environment(["opencv-python-headless"]))


if __name__ == "__main__":
    main()
