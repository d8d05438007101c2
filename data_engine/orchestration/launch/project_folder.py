"""Which project a command is about, and where its Dagster home is; cheap to import, so that the UI starts at once."""

import os
import shutil
from pathlib import Path

_OWN_FOLDER = Path(__file__).resolve().parents[3]


def find_project_folder(start: Path) -> Path:
    """The project around a folder; this project itself where there is none. `DATA_ENGINE_PROJECT` overrides it.

    Sets `DAGSTER_HOME` to the project's own folder where it is not set, so that a command and the UI share their
    runs, and puts our `dagster.yaml` there where there is none.
    """
    given = os.environ.get("DATA_ENGINE_PROJECT")
    folders = [Path(given)] if given else [start, *start.parents]
    folder = next((f for f in folders if _is_project(f)), _OWN_FOLDER)
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(folder / ".dagster_home")))
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copy(_OWN_FOLDER / ".dagster_home" / "dagster.yaml", home)
    return folder


def _is_project(folder: Path) -> bool:
    file = folder / "pyproject.toml"
    return file.is_file() and "[tool.dg.project]" in file.read_text("utf-8")
