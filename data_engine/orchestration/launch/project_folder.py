"""Finds the project of a command and its Dagster home; cheap to import, so that the UI starts at once.

The project itself, with its corpora, is in `project.py`.
"""

import os
import re
import shutil
from pathlib import Path

_OWN_FOLDER = Path(__file__).resolve().parents[3]

#: What `dagster.yaml` called the parts of the instance in earlier versions, and what they are called now.
_FORMER_PARTS = {
    "data_engine.orchestration.run_storage": "data_engine.orchestration.instance.run_storage",
    "data_engine.orchestration.event_log": "data_engine.orchestration.instance.event_log",
    "data_engine.orchestration.compute_logs": "data_engine.orchestration.instance.compute_logs",
    "KeptEngineRunStorage": "PooledSqliteRunStorage",
    "KeptEngineEventLogStorage": "PooledSqliteEventLogStorage",
}


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
    _rename_parts(home / "dagster.yaml")
    return folder


def _rename_parts(instance: Path) -> None:
    """Bring a `dagster.yaml` of an earlier version up to date; the rest of the file stays as its owner wrote it."""
    text = renamed = instance.read_text("utf-8")
    for former, name in _FORMER_PARTS.items():
        renamed = re.sub(rf"(?<=: ){re.escape(former)}(?=\s)", name, renamed)
    if renamed != text:
        instance.write_text(renamed, "utf-8")


def _is_project(folder: Path) -> bool:
    file = folder / "pyproject.toml"
    return file.is_file() and "[tool.dg.project]" in file.read_text("utf-8")
