"""A small corpus of images with discs and squares in them, whose objects are known, for tests of the whole graph."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data_engine.schemas import answer_text
from data_engine.segmentation.crop import Crop, SoftMask
from data_engine.segmentation.segmenter import Segmenter

CLASSES = ("disc", "square")


def write_scenes(folder: Path, n: int, *, seed: int = 0, side: int = 64) -> None:
    """n images of up to two shapes before a textured ground, and `scenes.jsonl` with the objects of each."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        image, objects = _scene(rng, side)
        Image.fromarray(image).save(folder / f"{number:03}.png")
        rows.append({"id": f"{number:03}", "image": f"{number:03}.png", "objects": objects})
    (folder / "scenes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def _scene(rng: np.random.Generator, side: int) -> tuple[np.ndarray, dict[str, Any]]:
    rows, columns = np.mgrid[:side, :side]
    image = np.full((side, side, 3), rng.integers(150, 220, 3), dtype=np.float64)
    objects = []
    for place in range(int(rng.integers(0, 3))):
        half = int(rng.integers(7, 11))
        x, y = 16 + 32 * place + int(rng.integers(-3, 4)), int(rng.integers(16, side - 16))
        name = CLASSES[int(rng.integers(2))]
        if name == "disc":
            mask = np.hypot(columns + 0.5 - x, rows + 0.5 - y) < half
            angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
            ring = np.stack([x + half * np.cos(angle), y + half * np.sin(angle)], axis=1)
        else:
            mask = (abs(columns + 0.5 - x) < half) & (abs(rows + 0.5 - y) < half)
            ring = np.array([(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)])
        image[mask] = (200, 40, 40) if name == "disc" else (40, 60, 190)
        objects.append({"class": name, "polygons": [np.round(ring, 2).tolist()]})
    noisy = image + rng.normal(0, 6, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), {"size": [side, side], "objects": objects}


def coins_at(*lefts: int) -> str:
    """An answer about an image of 20 x 60 px with a square coin of 10 px at each of these places."""
    rings = [[[[x, 5], [x + 10, 5], [x + 10, 15], [x, 15]]] for x in lefts]
    return answer_text({"size": [20, 60], "objects": [{"class": "coin", "polygons": each} for each in rings]})


def stands_out(crop: Crop) -> SoftMask:
    """What is of another colour than the border of a crop: a predictor that takes no time."""
    pixels = crop.pixels.astype(np.int16)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return (np.abs(pixels - np.median(border, axis=0)).max(axis=2) > 60).astype(np.float32)


def colours(name: str = "colours") -> Segmenter:
    """A segmenter of what stands out."""
    return Segmenter(name, "colours-1", stands_out)


def scenes_corpus(source: Path, **changes: object) -> dict[str, object]:
    """The YAML attributes of the corpus `scenes`: a simulated clicker, a segmenter without weights."""
    attributes: dict[str, object] = {
        "name": "scenes",
        "modality": "image",
        "seed": 3,
        "source": {"kind": "jsonl", "path": str(source), "pattern": "*.jsonl", "path_column": "image"},
        "batches": {"by": "file"},
        "encoder": "colour-and-gradient-histograms",
        "tree": {"n_clusters": [12, 4], "max_iterations": 10},
        "subset": {"target_size": 40},
        "labels": {
            "question": "Which shapes are there?",
            "kind": "objects",
            "classes": list(CLASSES),
            "segmenter": "ellipse",
            "hold_out_size": 50,
            "query_batch_size": 4,
            "rounds": 0,
            "target_precision": 0.6,
        },
        "review": {"simulated": [{"name": "clicker", "error_rate": 0.0}]},
        "known_label_column": "objects",
        "release": {"images": True},
        "drift": {"min_samples": 20},
    }
    return {**attributes, **changes}
