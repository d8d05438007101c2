"""The image of a task is written to a file, and a viewer is started where there is a desktop."""

import subprocess
from pathlib import Path

import pytest
from PIL import Image

from data_engine.corpus import Corpus
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import execute
from data_engine.terminal import image_viewer
from data_engine.terminal.image_viewer import open_image


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CorpusRuntime:
    """A corpus of one red image, and no desktop."""
    (tmp_path / "source").mkdir()
    Image.new("RGB", (40, 20), "red").save(tmp_path / "source" / "a.png")
    described = {
        "name": "squares",
        "modality": "image",
        "source": {"kind": "folder", "path": "source"},
        "subset": {"target_size": 3},
        "labels": {"question": "Which?", "classes": ["a", "b"]},
    }
    monkeypatch.setattr(image_viewer.tempfile, "gettempdir", lambda: str(tmp_path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(image_viewer.sys, "platform", "linux")
    made = CorpusRuntime(Corpus.model_validate(described), tmp_path)
    execute(made, "raw_index", "top", run_id="run")
    return made


def _sample(runtime: CorpusRuntime) -> str:
    return str(runtime.store().read("raw_index")["sample_id"][0].as_py())


def test_without_a_desktop_the_path_is_given(runtime: CorpusRuntime, tmp_path: Path) -> None:
    said = open_image(runtime, _sample(runtime))
    assert said.startswith(f"the image is in {tmp_path}/data-engine-")
    path = Path(said.removeprefix("the image is in "))
    assert path.read_bytes() == (tmp_path / "source" / "a.png").read_bytes()
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_child_is_written_as_its_parent_changed(runtime: CorpusRuntime) -> None:
    sample_id = f"{_sample(runtime)}+crop"
    path = Path(open_image(runtime, sample_id).removeprefix("the image is in "))
    with Image.open(path) as image:
        assert (path.name, image.size) == (f"{sample_id}.png", (30, 15))


def test_with_a_desktop_the_viewer_is_started(runtime: CorpusRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(image_viewer.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: started.append(command))
    said = open_image(runtime, _sample(runtime))
    assert started == [["/usr/bin/xdg-open", said.removeprefix("opened ")]]


def test_an_image_that_is_gone_is_named(runtime: CorpusRuntime, tmp_path: Path) -> None:
    sample_id = _sample(runtime)
    (tmp_path / "source" / "a.png").unlink()
    assert "a.png" in open_image(runtime, sample_id)
    assert open_image(runtime, "f" * 32) == "the raw index does not have the sample ffffffffffff any more"
