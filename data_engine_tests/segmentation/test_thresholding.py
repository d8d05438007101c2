import numpy as np

from data_engine.segmentation.masks import iou
from data_engine.segmentation.thresholding import bright_regions


def test_what_is_brighter_than_an_uneven_ground_is_found_without_its_holes() -> None:
    rows, columns = np.mgrid[:120, :160]
    discs = [np.hypot(columns - x, rows - 60) < 22 for x in (40, 118)]
    image = 40 + columns // 4
    for disc in discs:
        image[disc] += 90
    image[58:61, 38:41] = 40
    found = bright_regions(image.astype(np.uint8))
    assert len(found) == 2
    assert all(max(iou(mask, disc) for mask in found) > 0.9 for disc in discs)
    assert any(mask[59, 39] for mask in found)
