#!/usr/bin/env python3
"""Objects that a grid of points proposes: how many are found, and how many images nobody would have to edit.

    python benchmarks/mask_proposals.py --coco FOLDER --write

On tiles of the image of coins of scikit-image, against what Otsu's threshold holds to be coins (nobody has looked at
it): a model learns from tiles on the left and is judged on tiles on the right that share no pixel with them. On objects
of COCO (a folder with `img/` and `gt/`, of each image one known object) only what the grid finds can be measured.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from mask_objects import is_training_half, objects_in
from results import append_results

from data_engine.embedding import load_encoder
from data_engine.images import cut_out
from data_engine.labeling.answers.object_answers import ObjectAnswers, matched_objects
from data_engine.labeling.objects.object_model import fit_object_model
from data_engine.labeling.objects.proposed_answers import proposed_answer
from data_engine.runtime.objects.mask_candidates import FoundMasks, proposal
from data_engine.segmentation import Segmenter, load_segmenter
from data_engine.segmentation.masks import bounding_box
from data_engine.segmentation.point_grid import PointGrid, masks_from_grid, shares_of
from data_engine.segmentation.thresholding import bright_regions

_SIDE, _STEP, _LEAST_SHARE = 96, 48, 0.5
_COIN = ("coin",)


def coin_tiles() -> tuple[list[tuple[np.ndarray, str]], list[tuple[np.ndarray, str]]]:
    """Tiles with their coins as an answer: those on the left, and those on the right that share no pixel with them."""
    from skimage import data

    pixels = np.repeat(data.coins()[:, :, None], 3, axis=2)
    regions = bright_regions(pixels)
    sides: tuple[list[tuple[np.ndarray, str]], list[tuple[np.ndarray, str]]] = ([], [])
    for top in range(0, pixels.shape[0] - _SIDE + 1, _STEP):
        for left in range(0, pixels.shape[1] - _SIDE + 1, _STEP):
            place = np.s_[top : top + _SIDE, left : left + _SIDE]
            masks = [region[place] for region in regions if region[place].sum() >= _LEAST_SHARE * region.sum()]
            answer, _ = proposed_answer(masks, ["coin"] * len(masks), size=(_SIDE, _SIDE), class_names=_COIN)
            sides[left >= 2 * _SIDE].append((pixels[place], answer))
    left_side = [tile for number, tile in enumerate(sides[0]) if number % 4 < 3]
    return left_side, sides[1]


def found_in(image: np.ndarray, segmenter: Segmenter, grid: PointGrid, encoder: object) -> FoundMasks:
    """What the grid finds in an image, with the embeddings of the crops."""
    found = masks_from_grid(image, segmenter, grid)
    crops = [cut_out(image, bounding_box(mask), 0.15) for mask in found.masks]
    vectors = encoder.encode(crops) if crops else np.zeros((0, encoder.dim), np.float32)  # type: ignore[attr-defined]
    masks = np.array(found.masks) if found.masks else np.zeros((0, *image.shape[:2]), dtype=bool)
    return FoundMasks(image.shape[:2], masks, found.features, vectors, found.n_left_out)


def scored(name: str, answers: list[str], truths: list[str]) -> str:
    """A line: precision and recall of the objects at an IoU of one half, and images that nobody would edit."""
    matched = [matched_objects(answer, truth) for answer, truth in zip(answers, truths, strict=True)]
    n_pairs = sum(len(each.pairs) for each in matched)
    n_proposed = n_pairs + sum(len(each.only_first) for each in matched)
    n_known = n_pairs + sum(len(each.only_second) for each in matched)
    n_good = sum(share > 0.75 for each in matched for share in each.ious)
    n_left = sum(ObjectAnswers().is_right(answer, truth) for answer, truth in zip(answers, truths, strict=True))
    precision = n_pairs / n_proposed if n_proposed else float("nan")
    return (
        f"| {name} | {n_proposed} | {precision:.2f} | {n_pairs / n_known:.2f} | "
        f"{n_good / max(1, n_proposed):.2f} | {n_left} of {len(truths)} |"
    )


def coin_lines(segmenter: Segmenter, encoder_name: str) -> list[str]:
    encoder, grid = load_encoder(encoder_name), PointGrid(points_per_side=5, sizes=(0.4, 0.6), most_masks=12)
    training, tested = coin_tiles()
    begun = time.perf_counter()
    seen, judged = ([found_in(image, segmenter, grid, encoder) for image, _ in tiles] for tiles in (training, tested))
    seconds = (time.perf_counter() - begun) / (len(training) + len(tested))
    truths = [answer for _, answer in tested]
    model = fit_object_model(
        [found.seen(answer, _COIN) for found, (_, answer) in zip(seen, training, strict=True)], _COIN, seed=0
    )
    every = [proposed_answer(list(f.masks), ["coin"] * len(f.masks), size=f.size, class_names=_COIN)[0] for f in judged]
    learnt = [proposal(model, found, _COIN)[0] for found in judged]
    return [
        f"Coins: {len(training)} tiles to learn from, {len(tested)} to be judged on, {_SIDE} px; segmenter "
        f"`{segmenter.name}`, encoder `{encoder_name}`, {seconds:.1f} s an image on a busy machine. Left unedited: "
        "every coin is there with three quarters of its area shared, and nothing else.",
        "",
        "| proposed | objects | precision at IoU .5 | recall at IoU .5 | left unedited, objects | images |",
        "|---|---|---|---|---|---|",
        scored("all masks of the grid", every, truths),
        scored("by the learnt model", learnt, truths),
    ]


def coco_lines(folder: Path, segmenter: Segmenter, every: int) -> list[str]:
    objects = [one for one in objects_in(folder) if not is_training_half(one)][::every]
    best, n_masks = [], []
    for one in objects:
        found = masks_from_grid(one.image, segmenter, PointGrid())
        shares = shares_of([mask & one.is_known for mask in found.masks], [one.truth & one.is_known])
        best.append(float(shares.max(initial=0)))
        n_masks.append(len(found.masks))
        print(one.name, round(best[-1], 3), n_masks[-1], flush=True)
    reached = np.array(best)
    return [
        f"COCO: {len(objects)} objects of images with an odd number; the default grid keeps {np.mean(n_masks):.1f} "
        "masks of an image. Best of these per object:",
        "",
        "| mean IoU | recall at IoU .5 | recall at IoU .75 |",
        "|---|---|---|",
        f"| {reached.mean():.3f} | {(reached >= 0.5).mean():.2f} | {(reached >= 0.75).mean():.2f} |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coco", type=Path, help="folder with img/ and gt/")
    parser.add_argument("--every", type=int, default=8, help="only every so many objects of COCO")
    parser.add_argument("--segmenter", default="grabcut")
    parser.add_argument("--encoder", default="efficientnet-lite0")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    segmenter = load_segmenter(args.segmenter)
    lines = coin_lines(segmenter, args.encoder)
    print("\n".join(lines), flush=True)
    if args.coco:
        lines += ["", *coco_lines(args.coco, segmenter, args.every)]
    print("\n".join(lines))
    if args.write:
        append_results("Objects proposed by a grid of points", "\n".join(lines), packages=["opencv-python-headless"])


if __name__ == "__main__":
    main()
