#!/usr/bin/env python3
"""Fit the weights of the chooser over mask predictors, on objects of COCO whose image has an even number.

    python benchmarks/mask_chooser.py --coco FOLDER --write

The folder has `img/` and `gt/`; the other half of the objects is what `benchmarks/masks.py` measures on. The file that
is written holds numbers only, none of them of any one image.
"""

import argparse
import hashlib
import json
import pickle
import time
from pathlib import Path

import numpy as np
from mask_objects import KnownObject, is_training_half, objects_in
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from data_engine.segmentation.crop import Crop, checked_prompt, crop_of
from data_engine.segmentation.masks import iou
from data_engine.segmentation.predictors.chooser import (
    WEIGHTS_FILE,
    ChooserWeights,
    candidates,
    mask_features,
)
from data_engine.segmentation.predictors.dense_layers import DenseLayers, fit_layers
from data_engine.segmentation.predictors.fusion import pixel_features
from data_engine.segmentation.predictors.grabcut import grabcut
from data_engine.segmentation.predictors.saliency import load_saliency
from data_engine.segmentation.predictors.shapes import within_box
from data_engine.segmentation.simulated_clicks import simulated_points

_PIXELS_PER_OBJECT, _TREMORS_PX = 800, (0.0,)
_FOLDS = 2

Seen = tuple[str, Crop, NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32]]


def seen(one: KnownObject, tremor_px: float, kept: Path | None) -> Seen:
    """A crop, its truth, what GrabCut and U2-Net-p say of it."""
    file = kept / f"{one.name}-{tremor_px}.pickle" if kept else None
    if file and file.exists():
        found: Seen = pickle.loads(file.read_bytes())
        return found
    seed = int(hashlib.sha256(one.name.encode()).hexdigest()[:8], 16)
    points, _ = checked_prompt(one.image, simulated_points(one.truth, tremor_px=tremor_px, seed=seed), ())
    crop = crop_of(one.image, points, ())
    found = (one.name, crop, crop.inward(one.truth) > 0.5, grabcut(crop), load_saliency()(crop))
    if file:
        file.write_bytes(pickle.dumps(found))
    return found


def fit_pixels(objects: list[Seen], *, has_saliency: bool, seed: int = 0) -> DenseLayers:
    """The weights of pixels, from as many of each object."""
    rng = np.random.default_rng(seed)
    values, targets = [], []
    for _, crop, truth, cut, salient in objects:
        rows = rng.choice(truth.size, _PIXELS_PER_OBJECT, replace=False)
        features = pixel_features(crop, cut, salient if has_saliency else None)
        values.append(features.reshape(-1, features.shape[-1])[rows])
        targets.append(truth.ravel()[rows])
    return fit_layers(np.concatenate(values), np.concatenate(targets), n_hidden=32, n_rounds=8, seed=seed)


def measured(objects: list[Seen], pixels: DenseLayers, *, has_saliency: bool) -> tuple[list, list]:  # type: ignore[type-arg]
    """Features of the candidates of each object, and the IoU of each."""
    features, ious = [], []
    for _, crop, truth, by_colour, salient in objects:
        found = candidates(crop, by_colour, salient if has_saliency else None, pixels)
        allowed = within_box(crop, 1.5)
        features.append(mask_features(crop, found))
        ious.append(np.array([iou((soft > 0.5) & allowed, truth) for soft in found.values()], dtype=np.float32))
    return features, ious


def fit_chooser(objects: list[Seen], *, has_saliency: bool) -> tuple[ChooserWeights, str]:
    """Weights of masks are fitted to masks whose pixels were weighed without their own object."""
    groups = np.array([int(name.rsplit("_", 1)[1]) // 2 % _FOLDS for name, *_ in objects])
    features, ious = [], []
    for fold in range(_FOLDS):
        others = [one for one, group in zip(objects, groups, strict=True) if group != fold]
        own = [one for one, group in zip(objects, groups, strict=True) if group == fold]
        found = measured(own, fit_pixels(others, has_saliency=has_saliency), has_saliency=has_saliency)
        features += found[0]
        ious += found[1]
    masks = fit_layers(np.concatenate(features), np.concatenate(ious), n_hidden=16, n_rounds=60, seed=0)
    chosen = np.mean([iou_[masks(values).argmax()] for values, iou_ in zip(features, ious, strict=True)])
    said = (
        f"fused {np.mean([i[0] for i in ious]):.3f}, chosen {chosen:.3f}, oracle {np.mean([i.max() for i in ious]):.3f}"
    )
    return ChooserWeights(fit_pixels(objects, has_saliency=has_saliency), masks), said


@threadpool_limits.wrap(limits=1, user_api="blas")
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coco", type=Path, required=True, help="folder with img/ and gt/")
    parser.add_argument("--kept", type=Path, help="folder of what was computed already")
    parser.add_argument("--objects", type=int, help="at most so many")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="compute no more objects after this time")
    parser.add_argument("--write", action="store_true", help="write the weights")
    args = parser.parse_args()
    if args.kept:
        args.kept.mkdir(parents=True, exist_ok=True)
    known = [one for one in objects_in(args.coco) if is_training_half(one)][: args.objects]
    end, objects = time.monotonic() + args.seconds, []
    for tremor in _TREMORS_PX:
        for one in known:
            if time.monotonic() > end and not (args.kept / f"{one.name}-{tremor}.pickle").exists():
                continue
            objects.append(seen(one, tremor, args.kept))
    print(len(objects), "crops", flush=True)
    weights = {}
    for key, has_saliency in (("with_saliency", True), ("without_saliency", False)):
        found, said = fit_chooser(objects, has_saliency=has_saliency)
        print(key, said, flush=True)
        weights[key] = {"pixels": found.pixels.to_json(), "masks": found.masks.to_json()}
    provenance = {
        "written_by": "benchmarks/mask_chooser.py",
        "trained_on": f"{len({name for name, *_ in objects})} objects of the validation set of COCO (annotations CC BY "
        "4.0) whose image has an even number, longest side 384 px; points with a tremor of "
        f"{' and '.join(f'{px:g}' for px in _TREMORS_PX)} px, simulated; GrabCut at 96 px, U2-Net-p at 224 px",
        "holds": "weights only; no image, mask or identifier",
    }
    if args.write:
        WEIGHTS_FILE.write_text(json.dumps({"provenance": provenance, **weights}) + "\n", "utf-8")


if __name__ == "__main__":
    main()
