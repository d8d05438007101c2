"""How long a person waits: loading a code location with five corpora, and `data-engine ui` until it answers.

python benchmarks/load_time.py [--write]
"""

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from results import append_results

ROOT = Path(__file__).resolve().parents[1]
LOAD_GOAL_S, UI_GOAL_S, UI_LIMIT_S = 2.0, 8.0, 60.0
_LOAD = """
import sys, time, warnings
started = time.perf_counter()
warnings.simplefilter("ignore")
from pathlib import Path
from data_engine.orchestration.launch.project import Project
definitions = Project(Path(sys.argv[1])).definitions
definitions.get_repository_def()
print(time.perf_counter() - started)
"""


def make_project(folder: Path, n_corpora: int) -> Path:
    """A project with n corpora of the same kind."""
    corpora = folder / "corpora"
    template = (ROOT / "data_engine" / "defs" / "license_notices" / "defs.yaml").read_text("utf-8")
    for number in range(n_corpora):
        corpus = corpora / "defs" / f"corpus_{number}"
        corpus.mkdir(parents=True)
        (corpus / "defs.yaml").write_text(template.replace("name: license_notices", f"name: corpus_{number}"), "utf-8")
        shutil.copy(ROOT / "data_engine" / "defs" / "license_notices" / "classes.txt", corpus)
    (corpora / "__init__.py").touch()
    (corpora / "definitions.py").write_text(
        "from pathlib import Path\n\nimport dagster as dg\n\n\n@dg.definitions\ndef defs() -> dg.Definitions:\n"
        "    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)\n",
        "utf-8",
    )
    (folder / "pyproject.toml").write_text(
        '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "corpora"\n', "utf-8"
    )
    (folder / "workspace.yaml").write_text(
        "load_from:\n  - python_module:\n      module_name: corpora.definitions\n", "utf-8"
    )
    home = folder / ".dagster_home"
    home.mkdir()
    shutil.copy(ROOT / ".dagster_home" / "dagster.yaml", home)
    return folder


def load_seconds(project: Path, *, n_times: int = 3) -> list[float]:
    """Seconds from the first import to the loaded repository, each in a fresh process."""
    command = [sys.executable, "-c", _LOAD, str(project)]
    runs = [subprocess.run(command, env=_environment(project), capture_output=True, check=True) for _ in range(n_times)]
    return [float(run.stdout) for run in runs]


def ui_seconds(project: Path) -> float:
    """Seconds from the command until the UI answers 200; the UI is stopped afterwards."""
    port = _free_port()
    command = [str(Path(sys.executable).with_name("data-engine")), "ui", "--port", str(port)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=project,
        env=_environment(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while time.perf_counter() - started < UI_LIMIT_S:
            if process.poll() is not None:
                raise SystemExit(f"data-engine ui ended with {process.returncode} before it answered")
            if _answers(f"http://127.0.0.1:{port}/server_info"):
                return time.perf_counter() - started
            time.sleep(0.05)
        raise SystemExit(f"data-engine ui did not answer within {UI_LIMIT_S:.0f} s")
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)
        _wait_for_children(process.pid)


def _wait_for_children(group: int) -> None:
    """Wait until the UI's own processes have ended, or they would slow down what is measured next."""
    for _ in range(300):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(project: Path) -> dict[str, str]:
    """What the processes are given; Python keeps its bytecode in them, as it does unless it is told not to."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPATH": str(project),
        "DATA_ENGINE_PROJECT": str(project),
        "DATA_ENGINE_DATA": str(project / "data"),
        "DAGSTER_HOME": str(project / ".dagster_home"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }


def main() -> None:
    """Measure both, print them, and keep them with --write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into RESULTS.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder), 5)
        loads, uis = load_seconds(project), [ui_seconds(project) for _ in range(3)]
    rows = (
        ("load a code location with five corpora, fresh process", loads, LOAD_GOAL_S),
        ("`data-engine ui` until HTTP 200, five corpora", uis, UI_GOAL_S),
    )
    table = "| what | seconds, median | all | goal | held |\n|---|---|---|---|---|\n" + "\n".join(
        f"| {what} | {statistics.median(seconds):.2f} | {', '.join(f'{s:.2f}' for s in sorted(seconds))} | "
        f"<= {goal:.0f} | {'yes' if statistics.median(seconds) <= goal else 'no'} |"
        for what, seconds, goal in rows
    )
    table += f"\n\nLoad average of the machine at the end: {os.getloadavg()[0]:.1f}."
    print(table)
    if arguments.write:
        append_results("Load time", table)


if __name__ == "__main__":
    main()
