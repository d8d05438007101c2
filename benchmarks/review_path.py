"""The way of a question without anybody's help: uncertain proposals, a batch, a task on the page, answers, new labels.

    python benchmarks/review_path.py [--write]

A small corpus is run once; then its sensors are turned on and Dagster's daemon does the rest, while a person answers
whatever the review page's queue gives. The goals: from the sensor's tick to the task on the page at most 30 s, and from
the turning on of the sensors, when the proposals are too uncertain already, to new labels at most two minutes beside
the time that people take.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
GOAL_TASK_S, GOAL_PATH_S, _PATIENCE_S = 30, 120, 600
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
    project.add(notes_corpus(folder / "source", subset={"target_size": 120}))
    project.run("notes")
    project.change("notes", review={"open_at_mean_uncertainty": 0.0, "simulated": []})
    (folder / "definitions_of_project.py").write_text(_DEFINITIONS.format(folder=str(folder)), "utf-8")
    return project


def measured(folder: Path) -> dict[str, float]:
    """Seconds of each part of the way."""
    from data_engine.review.people.person_queue import PersonQueue
    from data_engine.review.people.tokens import Person
    from data_engine.runtime.versions import step_versions

    runtime = prepared(folder).load().runtime("notes")
    labels_before = step_versions(runtime.store())["labels", ""].run_id
    file = ["-f", str(folder / "definitions_of_project.py")]
    daemon = subprocess.Popen(
        ["dagster-daemon", "run", *file], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(20)
        _quiet(["dagster", "sensor", "start", "--start-all", *file], folder)
        turned_on = time.time()
        person = Person("maria", "annotator", "")
        with PersonQueue(runtime.queue_url) as queue:
            first = _until(lambda: queue.take(person, corpus="notes", now=datetime.now(UTC)), "a task")
            on_page = time.time()
            answering = _answer_all(queue, person, first)
            answered = time.time()
        batch = first[0].task.batch_id
        _until(lambda: ("reviewed_labels", batch) in step_versions(runtime.store()), "the answers")
        taken = time.time()
        _until(lambda: step_versions(runtime.store())["labels", ""].run_id != labels_before, "new labels")
        labelled = time.time()
    finally:
        daemon.send_signal(signal.SIGINT)
        try:
            daemon.wait(60)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
    tick = _created("notes_open_review")
    return {
        "sensors on -> the opener's tick": tick - turned_on,
        "the opener's tick -> the task on the page": on_page - tick,
        f"{answering} answers of a person who needs no time": answered - on_page,
        "answered -> the answers are taken over": taken - answered,
        "taken over -> new labels": labelled - taken,
        "all of it, without the person": labelled - turned_on - (answered - on_page),
    }


def _answer_all(queue: Any, person: Any, leases: list[Any]) -> int:
    n = 0
    while leases:
        for lease in leases:
            label = lease.task.proposed_label or lease.task.classes[0]
            queue.answer(person, lease.lease_id, f"answer-{lease.lease_id[:40]}", label=label, now=datetime.now(UTC))
            n += 1
        leases = queue.take(person, corpus="notes", n=20, now=datetime.now(UTC))
    return n


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


def _quiet(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def table(found: dict[str, float]) -> str:
    """The seconds as Markdown, with the goals."""
    to_page, path = found["the opener's tick -> the task on the page"], found["all of it, without the person"]
    lines = [
        "| part of the way | seconds |",
        "|---|---|",
        *(f"| {name} | {seconds:.1f} |" for name, seconds in found.items()),
        "",
        f"From the tick to the task at most {GOAL_TASK_S} s: {'met' if to_page <= GOAL_TASK_S else 'missed'}; "
        f"all of it at most {GOAL_PATH_S} s: {'met' if path <= GOAL_PATH_S else 'missed'}. "
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
