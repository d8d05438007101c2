"""A copy of a packaged model's folder, for tests that change its descriptions."""

import shutil
from pathlib import Path

import pytest

from data_engine.embedding.bert.folder import folder_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of MiniLM's folder whose descriptions can be changed; the weights are linked."""
    model = folder_of("all-MiniLM-L6-v2")
    assert model is not None
    shutil.copytree(model, tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors"))
    (tmp_path / "model" / "model.safetensors").symlink_to(model / "model.safetensors")
    return tmp_path / "model"
