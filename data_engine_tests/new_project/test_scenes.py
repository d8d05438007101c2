from pathlib import Path

import numpy as np
from drawn_scenes import noise, write_scene
from PIL import Image

from data_engine.new_project.scenes import Scenes, scenes_among


def test_scenes_are_told_from_photos_and_counted_in_tiles_that_fit_the_smallest(tmp_path: Path) -> None:
    files = [write_scene(tmp_path / "a.tif", noise(1, 64, 200)), write_scene(tmp_path / "b.tif", noise(1, 70, 80))]
    (tmp_path / "c.tif").write_text("text")
    assert scenes_among([*files, tmp_path / "c.tif", tmp_path / "gone.tif"]) == Scenes(64, 4 + 4, is_estimate=False)


def test_photos_and_no_files_are_no_scenes(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((70, 90), np.uint8)).save(tmp_path / "a.tif")
    assert scenes_among([tmp_path / "a.tif"]) is None
    assert scenes_among([tmp_path / "a.tif", write_scene(tmp_path / "b.tif", noise(1, 64, 64))]) is None
    assert scenes_among([]) is None
