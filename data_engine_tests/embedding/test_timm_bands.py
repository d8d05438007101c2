"""Encoders of bands from timm, which is not among the dependencies: a module of its name stands for it."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from drawn_tiles import drawn_tile

from data_engine.embedding.timm_bands import load_timm_bands
from data_engine.errors import InvalidInput, SourceMissing


def _tiny(_name: str, *, in_chans: int = 3, **_: Any) -> torch.nn.Module:
    return torch.nn.Sequential(
        torch.nn.Conv2d(in_chans, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Random weights of a tiny network of four bands, as a trainer saves them."""
    timm = ModuleType("timm")
    timm.create_model = _tiny  # type: ignore[attr-defined]
    timm.models = SimpleNamespace(load_state_dict=lambda path: torch.load(path, weights_only=True))  # type: ignore[attr-defined]
    timm.data = SimpleNamespace(resolve_model_data_config=lambda _model: {"input_size": (3, 24, 24)})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", timm)
    torch.manual_seed(0)
    named = {f"module.backbone.{name}": value for name, value in _tiny("tiny", in_chans=4).state_dict().items()}
    torch.save({**named, "head.weight": torch.zeros(3, 8)}, tmp_path / "tiny.pth")
    return tmp_path / "tiny.pth"


def test_the_weights_say_how_many_bands_there_are_and_tiles_become_unit_rows(weights: Path) -> None:
    encoder = load_timm_bands(f"timm-bands/tiny@{weights}")
    tiles = [drawn_tile(0), drawn_tile(1), drawn_tile(2, level=0.9)]
    rows = encoder.encode(tiles)
    assert (rows.shape, encoder.dim, encoder.modality) == ((3, 8), 8, "raster")
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]
    np.testing.assert_array_equal(encoder.encode(tiles), rows)
    assert encoder.version == load_timm_bands(f"timm-bands/tiny@{weights}").version


def test_tiles_of_other_bands_than_the_weights_take_name_both(weights: Path) -> None:
    with pytest.raises(InvalidInput, match=r"take 4 bands, but a tile has 3 \(blue, green, red\); give weights for"):
        load_timm_bands(f"timm-bands/tiny@{weights}").encode([drawn_tile(0, n_bands=3)])


def test_weights_of_another_model_and_none_at_all_say_so(weights: Path) -> None:
    torch.save({"other": torch.zeros(1)}, weights)
    with pytest.raises(SourceMissing, match="give the name of the model that the weights"):
        load_timm_bands(f"timm-bands/tiny@{weights}")
    with pytest.raises(SourceMissing, match="there are no weights at 'no path'; write timm-bands/<model>@<path"):
        load_timm_bands("timm-bands/tiny")


def test_timm_is_asked_for_where_it_is_not_installed() -> None:
    with pytest.raises(SourceMissing, match="needs the package timm; install it with pip install timm"):
        load_timm_bands("timm-bands/resnet18@weights.pth")
