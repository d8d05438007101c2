"""How long a prediction takes on the review page, from the request to the answer, after the first of an image.

    python benchmarks/mask_predictions.py [--objects 40] [--segmenter default] [--write]

Images of 1,000 px on the longer side are made of the objects of `../shared/data/seg-coco-mval`, enlarged; where that
folder is missing, of drawn ones. Four extreme points of each are sent over the page's own API, in one process, then a
click where the mask errs most. What is measured is the request as the page sends it: token, task, checks, prediction,
polygons and run lengths. The goal is 100 ms for 95 of 100. On a machine that does other things meanwhile, the seconds
of the processor say more than those of the clock, so both are told.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "data_engine_tests" / "support"), str(ROOT / "benchmarks")]

GOAL_MS = 100
SIDE_PX = 1000
_FOLDER = next((p / "shared" for p in ROOT.parents if (p / "shared").is_dir()), ROOT) / "data" / "seg-coco-mval"


def images(n: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """Images of 1,000 px with the mask of an object."""
    import cv2
    from drawn_objects import drawn_objects
    from mask_objects import objects_in

    found = objects_in(_FOLDER) if _FOLDER.is_dir() else ((one.image, one.mask) for one in drawn_objects(n))
    pairs = ((one.image, one.truth) if hasattr(one, "truth") else one for one in found)
    for number, (image, mask) in enumerate(pairs):
        if number == n:
            return
        scale = SIDE_PX / max(image.shape[:2])
        size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
        large = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        yield np.asarray(cv2.resize(image, size), dtype=np.uint8), large.astype(np.bool_)


def extremes(mask: NDArray[np.bool_]) -> list[list[float]]:
    """The leftmost, topmost, rightmost and bottommost pixel of a mask, as centres."""
    rows, columns = np.nonzero(mask)
    at = [columns.argmin(), rows.argmin(), columns.argmax(), rows.argmax()]
    return [[float(columns[i]) + 0.5, float(rows[i]) + 0.5] for i in at]


def click_at_error(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> list[Any]:
    """The middle of the largest error, and whether it is inside."""
    import cv2

    depth = cv2.distanceTransform((found != truth).astype(np.uint8), cv2.DIST_L2, 5)
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return [float(column) + 0.5, float(row) + 0.5, bool(truth[row, column])]


def measured(n: int, segmenter: str) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds (clock, processor) of the first prediction of each image, of it again, and of one click more."""
    from review_page import Page, licences_on_page

    from data_engine.review import NewTask
    from data_engine.review.people.person_queue import PersonQueue
    from data_engine.review_page.page_corpus import ImagePixels
    from data_engine.segmentation import decode_rle, load_segmenter

    known = {f"s{i}": pair for i, pair in enumerate(images(n))}
    corpus = licences_on_page(
        is_of_images=True, kind="objects", load_segmenter=lambda: load_segmenter(segmenter),
        pixels_of=lambda sample: ImagePixels(known[sample][0], known[sample][0].shape[:2]),
    )  # fmt: skip
    taken: dict[str, list[tuple[float, float]]] = {
        "first of an image": [],
        "from four points": [],
        "with one click more": [],
    }
    with tempfile.TemporaryDirectory() as folder, PersonQueue(f"sqlite:///{folder}/review.db") as queue:
        tasks = [NewTask(name, "query", "manual") for name in known]
        queue.open_batch(
            "b", corpus="licences", question="?", classes=["thing"], kind="objects", tasks=tasks, cause="a benchmark",
            now=datetime.now(UTC),
        )  # fmt: skip
        client = Page(queue, corpus).of("ada")
        for truth in [mask for _, mask in known.values()]:
            (task,) = client.post("/api/v1/next", json={"corpus": "licences", "n": 1}).json()["tasks"]
            place, points = f"/api/v1/tasks/{task['task_id']}/mask", extremes(truth)

            def ask(what: str, place: str = place, **body: Any) -> dict[str, Any]:
                begun, worked = time.perf_counter(), time.process_time()
                said = client.post(place, json=body)
                taken[what].append((1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - worked)))
                assert said.status_code == 200, said.text
                return dict(said.json())

            ask("first of an image", extreme_points=points)
            found = ask("from four points", extreme_points=points)
            click = click_at_error(decode_rle(found["mask"]), truth)
            ask("with one click more", extreme_points=points, clicks=[click], previous=found["mask"])
            client.delete(f"/api/v1/leases/{task['lease_id']}", params={"reason": "measured"})
    return taken


def main() -> None:
    """Measure and print; with --write also into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=40)
    parser.add_argument("--segmenter", default="default")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lines = ["| request | n | median ms | p95 ms | of the processor, median | p95 |", "|---|---|---|---|---|---|"]
    for what, found in measured(options.objects, options.segmenter).items():
        clock, processor = np.array(found).T
        shown = [np.median(clock), np.quantile(clock, 0.95), np.median(processor), np.quantile(processor, 0.95)]
        lines.append(f"| {what} | {len(found)} | " + " | ".join(f"{value:.0f}" for value in shown) + " |")
    table = "\n".join(lines) + f"\n\nThe goal is {GOAL_MS} ms of the clock for 95 of 100 after the first of an image."
    sys.stdout.write(table + "\n")
    if options.write:
        from results import append_results

        append_results("Predictions of masks on the review page", table)


if __name__ == "__main__":
    main()
