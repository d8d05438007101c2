"""Finds the project of a command and its Dagster home; cheap to import, so that the UI starts at once.

The project itself, with its corpora, is in `project.py`.
"""

import os
import re
from pathlib import Path

from data_engine.errors import InvalidInput
from data_engine.shipped import shipped_dagster_yaml

_OWN_FOLDER = Path(__file__).resolve().parents[3]

#: What `dagster.yaml` called the parts of the instance in earlier versions, and what they are called now.
_FORMER_PARTS = {
    "data_engine.orchestration.run_storage": "data_engine.orchestration.instance.run_storage",
    "data_engine.orchestration.event_log": "data_engine.orchestration.instance.event_log",
    "data_engine.orchestration.compute_logs": "data_engine.orchestration.instance.compute_logs",
    "KeptEngineRunStorage": "PooledSqliteRunStorage",
    "KeptEngineEventLogStorage": "PooledSqliteEventLogStorage",
}


def find_project_folder(start: Path, *, makes_home: bool = True) -> Path:
    """The project around a folder; the engine's own where it is a checkout and there is none. `DATA_ENGINE_PROJECT`
    overrides it.

    Sets `DAGSTER_HOME` to the project's own folder where it is not set, so that a command and the UI share their
    runs, and puts our `dagster.yaml` there where there is none, unless the command needs no home (`makes_home`). Paths
    of the environment become absolute.

    Raises: InvalidInput where there is no project, and where `DATA_ENGINE_PROJECT` is none.
    """
    given = os.environ.get("DATA_ENGINE_PROJECT")
    if given and not _is_project(Path(given)):
        raise InvalidInput(
            f"DATA_ENGINE_PROJECT is {given!r}, which has no pyproject.toml with [tool.dg.project]; set it to the "
            "folder of a project, or unset it to use the project around the current folder"
        )
    folders = [Path(given)] if given else [start, *start.parents]
    found = next((f for f in (*folders, _OWN_FOLDER) if _is_project(f)), None)
    if found is None:
        raise InvalidInput(
            f"{start} is in no project; make one with `data-engine init my-project`, and give the command in its folder"
        )
    folder = found.absolute()
    for name in ("DAGSTER_HOME", "DATA_ENGINE_DATA", "DATA_ENGINE_SCRATCH"):
        if os.environ.get(name) and "://" not in os.environ[name]:
            os.environ[name] = str(Path(os.environ[name]).expanduser().absolute())
    home = Path(os.environ.get("DAGSTER_HOME") or folder / ".dagster_home")
    os.environ["DAGSTER_HOME"] = str(home)
    if makes_home:
        home.mkdir(parents=True, exist_ok=True)
        _put_instance_file(home / "dagster.yaml")
    return folder


def _put_instance_file(instance: Path) -> None:
    """Our `dagster.yaml` where there is none, or where a killed command had begun to write it."""
    shipped = shipped_dagster_yaml().read_text("utf-8")
    there = instance.read_text("utf-8") if instance.exists() else ""
    if there != shipped and shipped.startswith(there):
        _write_whole(instance, shipped)
    else:
        _rename_parts(instance, there)


def _rename_parts(instance: Path, text: str) -> None:
    """Bring a `dagster.yaml` of an earlier version up to date; the rest of the file stays as its owner wrote it."""
    renamed = text
    for former, name in _FORMER_PARTS.items():
        renamed = re.sub(rf"(?<=: ){re.escape(former)}(?=\s)", name, renamed)
    if renamed != text:
        _write_whole(instance, renamed)


def _write_whole(path: Path, text: str) -> None:
    """All of the file or none of it, also where the process is killed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    beside.write_text(text, "utf-8")
    beside.replace(path)


def _is_project(folder: Path) -> bool:
    file = folder / "pyproject.toml"
    return file.is_file() and "[tool.dg.project]" in file.read_text("utf-8")
