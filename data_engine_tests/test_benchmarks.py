"""Every benchmark of the clustering runs on a small input and prints its table."""

import importlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_objects import drawn_objects

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def _the_folder_is_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def printed(name: str, arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the script prints; nothing is written, because nobody asks it to."""
    monkeypatch.setattr(sys, "argv", [f"benchmarks/{name}.py", *arguments.split()])
    importlib.import_module(name).main()
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "arguments", "line"),
    [
        (
            "kmeans",
            "--rows 2000 --dim 32 --clusters 20 --repeats 1 --data mixture",
            "| labels farther off than those of float64",
        ),
        (
            "kmeans_scaling",
            "--rows 4000 --dim 8 --doublings 1 --clusters 8 --repeats 1",
            "The goal of 2.1 per doubling",
        ),
        ("kmeans_gpu", "--device cpu --rows 2000 --dim 16 --clusters 20 --repeats 1", "| assignment + update |"),
        ("ray_shards", "--rows 2000 --dim 16 --clusters 20", "| 5 shards, in turn in one process |"),
        ("balanced_sampling", "--samples 3000 --chosen 300 --clusters 60 9 --repeats 1", "| closest |"),
    ],
)
def test_a_benchmark_prints_its_table(name, arguments, line, monkeypatch, capsys):
    said = printed(name, arguments, monkeypatch, capsys)
    assert any(found.startswith(line) for found in said.splitlines())
    assert f"`python benchmarks/{name}.py {arguments}`" in said


def test_labels_of_the_small_run_are_those_of_float64(monkeypatch, capsys):
    said = printed("kmeans", "--rows 2000 --dim 32 --clusters 20 --repeats 1", monkeypatch, capsys)
    rows = [line for line in said.splitlines() if line.startswith("| labels farther off")]
    assert len(rows) == 2
    assert all(row.endswith("| <= 0 | yes |") for row in rows)


def test_without_a_card_the_code_for_it_finds_the_labels_of_the_processor(monkeypatch, capsys):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert "0 of 3000 labels differ" in printed("kmeans_gpu", "", monkeypatch, capsys)


@pytest.mark.parametrize("name", ["kmeans_plane", "selection"])
def test_a_benchmark_that_shares_data_with_the_tests_finds_it_when_run_alone(name):
    done = subprocess.run([sys.executable, f"benchmarks/{name}.py", "--help"], cwd=FOLDER.parent, capture_output=True)
    assert b"--write" in done.stdout


def test_the_cascade_costs_less_than_people_alone_where_the_model_seldom_errs(monkeypatch, capsys, tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 900)
    x = np.eye(3, 8, dtype=np.float32)[y] + rng.normal(0, 0.05, (900, 8)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    for name in ("agnews", "clinc150"):
        np.savez(tmp_path / f"{name}.npz", x=x, y=np.array(list("abc"))[y])
    said = printed("cascade", f"--embedded {tmp_path} --size 900 --seeds 1 --training 60", monkeypatch, capsys)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in said.splitlines() if line.startswith("|")]
    further = {(row[1], row[2]): float(row[4]) for row in rows[2:] if row[0] == "agnews"}
    assert further["0.02", "people alone"] == 1.0
    assert further["0.02", "foundation model, people"] < 0.2
    assert further["0.02", "classifier, foundation model, people"] < 0.2


def test_segmenters_are_measured_on_a_folder_of_known_masks(tmp_path, monkeypatch, capsys):
    (tmp_path / "img").mkdir()
    (tmp_path / "gt").mkdir()
    for number, one in enumerate(drawn_objects(3)):
        cv2.imwrite(str(tmp_path / "img" / f"coin_{2 * number + 1}.png"), one.image[:, :, ::-1])
        cv2.imwrite(str(tmp_path / "gt" / f"coin_{2 * number + 1}.png"), 255 * one.mask.astype(np.uint8))
    monkeypatch.setattr("data_engine.segmentation.predictors.saliency.importlib.util.find_spec", lambda name: None)
    said = printed("masks", f"--coco {tmp_path} --clicks 1", monkeypatch, capsys)
    assert "Objects: 3 of COCO" in said and "Run lengths gave 3 of 3 masks back to the pixel." in said
    assert any(line.startswith("| COCO | grabcut | ") for line in said.splitlines())
