"""The way of a question without anybody's help: uncertain proposals, a batch, a task on the page, answers, new labels.

    python benchmarks/review_path.py [--write]

A small corpus is run once; then its sensors are turned on and Dagster's daemon does the rest, while a script in the
place of a person answers what the review page gives over its API. The goals: from the sensor's tick to the task on the
page at most 30 s, and from the tick, when the proposals are too uncertain already, to new labels at most two minutes
beside the time that people take.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
GOAL_TASK_S, GOAL_PATH_S, _PATIENCE_S = 30, 120, 600
ANSWERED_BY = "script"
_OF_PEOPLE = {"human", "human_assisted", "model_accepted", "model_edited"}
_DEFINITIONS = """
from pathlib import Path
from data_engine.orchestration.launch.project import Project

defs = Project(Path({folder!r})).definitions
"""


def prepared(folder: Path) -> Any:
    """A project that was run once, whose proposals are more uncertain than it is now told to bear."""
    sys.path[:0] = [str(ROOT / "data_engine_tests" / "support"), str(folder)]
    os.environ |= {
        "DAGSTER_HOME": str(folder / "home"),
        "DATA_ENGINE_DATA": str(folder / "data"),
        "HF_HUB_OFFLINE": "1",
    }
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(folder)])
    os.environ.pop("DATA_ENGINE_REVIEW_URL", None)
    (folder / "home").mkdir()
    shutil.copy(ROOT / ".dagster_home" / "dagster.yaml", folder / "home")
    from small_project import SmallProject, notes_corpus, write_notes

    project = SmallProject(folder)
    for number, batch in enumerate(("june", "may")):
        write_notes(folder / "source", batch, 90, number)
    corpus = notes_corpus(folder / "source", subset={"target_size": 120})
    corpus["labels"] |= {"query_batch_size": 5}
    project.add(corpus)
    project.run("notes")
    project.change("notes", review={"open_at_mean_uncertainty": 0.0, "simulated": []})
    (folder / "definitions_of_project.py").write_text(_DEFINITIONS.format(folder=str(folder)), "utf-8")
    return project


def measured(folder: Path) -> dict[str, float]:
    """Seconds of each part of the way."""
    from data_engine.runtime.versions import step_versions

    runtime = prepared(folder).load().runtime("notes")
    labels_before = step_versions(runtime.store())["labels", ""].run_id
    with _served(folder) as page, _automated(folder):
        turned_on = time.time()
        first = _until(lambda: _next(page), "a task")
        on_page = time.time()
        n_answers = _answer_all(page, first)
        answered = time.time()
        batch = first[0]["batch_id"]
        _until(lambda: ("reviewed_labels", batch) in step_versions(runtime.store()), "the answers")
        taken = time.time()
        _until(lambda: step_versions(runtime.store())["labels", ""].run_id != labels_before, "new labels")
        labelled = time.time()
    rows = runtime.store().read("reviewed_labels", columns=["review_batch", "annotator", "provenance"]).to_pylist()
    found = Counter(
        row["provenance"] for row in rows if row["review_batch"] == batch and row["annotator"] == ANSWERED_BY
    )
    if found.total() != n_answers or not set(found) <= _OF_PEOPLE:
        raise SystemExit(f"{n_answers} answers were given and {dict(found)} taken over")
    tick = _created("notes_open_review")
    return {
        "sensors on -> the opener's tick asks for a run": tick - turned_on,
        "that tick -> the task on the page": on_page - tick,
        f"{n_answers} answers over the page's API, by a script in the place of a person": answered - on_page,
        f"answered -> in `reviewed_labels`, with the provenance {_listed(found)}": taken - answered,
        "in `reviewed_labels` -> new labels": labelled - taken,
        "from the tick to new labels, without the answering": labelled - tick - (answered - on_page),
    }


@contextmanager
def _served(folder: Path) -> Iterator[Any]:
    """A client of the review page, which the command line serves as it does for people."""
    import httpx

    command = ["data-engine", "review", "--corpus", "notes", "--annotator", ANSWERED_BY, "--port", "0"]
    with _process(command, folder, "page.log") as log:
        link = _until(lambda: re.search(r"Review page: (http\S+?)/#token=(\S+)", log.read_text("utf-8")), "the page")
        headers = {"Authorization": f"Bearer {link[2]}"}
        with httpx.Client(base_url=f"{link[1]}/api/v1", headers=headers, timeout=60) as client:
            yield client


@contextmanager
def _automated(folder: Path) -> Iterator[None]:
    """Dagster's daemon with all sensors on."""
    file = ["-f", str(folder / "definitions_of_project.py")]
    with _process(["dagster-daemon", "run", *file], folder, "daemon.log"):
        subprocess.run([_installed("dagster"), "sensor", "start", "--start-all", *file], cwd=folder, check=True)
        yield


@contextmanager
def _process(command: list[str], folder: Path, log_name: str) -> Iterator[Path]:
    """A process for as long as the block lasts, and the file with what it says, which is shown when the block fails."""
    log = folder / log_name
    with log.open("w", encoding="utf-8") as said:
        process = subprocess.Popen([_installed(command[0]), *command[1:]], cwd=folder, stdout=said, stderr=said)
        try:
            yield log
        except BaseException:
            print(log.read_text("utf-8")[-4000:], file=sys.stderr)
            raise
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _installed(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _next(page: Any, n: int = 1) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = (
        page.post("/next", json={"corpus": "notes", "n": n}).raise_for_status().json()["tasks"]
    )
    return tasks


def _answer_all(page: Any, tasks: list[dict[str, Any]]) -> int:
    n_answers = 0
    while tasks:
        for task in tasks:
            label = task["proposed_label"] or task["classes"][0]
            form = {
                "lease_id": task["lease_id"],
                "submission_id": f"{ANSWERED_BY}-{task['task_id'][:20]}",
                "label": label,
            }
            page.post("/annotations", json=form).raise_for_status()
            n_answers += 1
        tasks = _next(page, 10)
    return n_answers


def _listed(found: Counter[str]) -> str:
    return ", ".join(f"{name} ({n})" for name, n in sorted(found.items()))


def _until(is_there: Callable[[], Any], what: str) -> Any:
    begun = time.time()
    while time.time() - begun < _PATIENCE_S:
        if found := is_there():
            print(f"{what} after {time.time() - begun:.0f} s", file=sys.stderr)
            return found
        time.sleep(0.2)
    raise SystemExit(f"{what} did not come within {_PATIENCE_S} s")


def _created(job: str) -> float:
    """When the newest run of a job was asked for."""
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        (record,) = instance.get_run_records(dg.RunsFilter(job_name=job), limit=1)
        return record.create_timestamp.timestamp()


def table(found: dict[str, float]) -> str:
    """The seconds as Markdown, with the goals."""
    to_page, path = (
        found["that tick -> the task on the page"],
        found["from the tick to new labels, without the answering"],
    )
    lines = [
        "| part of the way | seconds |",
        "|---|---|",
        *(f"| {name} | {seconds:.1f} |" for name, seconds in found.items()),
        "",
        f"From the tick to the task at most {GOAL_TASK_S} s: {'met' if to_page <= GOAL_TASK_S else 'missed'}; "
        f"from the tick to new labels at most {GOAL_PATH_S} s: {'met' if path <= GOAL_PATH_S else 'missed'}. "
        f"The machine had {os.cpu_count()} cores and a load of {os.getloadavg()[1]:.1f}.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="review_path_") as folder:
        text = table(measured(Path(folder)))
    print(text)
    if arguments.write:
        from results import append_results

        append_results("From an uncertain proposal to a new label, with the daemon on", text)


if __name__ == "__main__":
    main()
