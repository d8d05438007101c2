"""A project as the engine left it before answers had kinds and routes had names, unpacked from data_engine_tests/data.

How the file was made is in data_engine_tests/data/README.md; new projects are in `small_project.py`.
"""

import os
import sys
import tempfile
import zipfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from small_project import SmallProject, notes_corpus, write_notes

ARCHIVE = Path(__file__).resolve().parents[1] / "data" / "answers_before_kinds.zip"

REVIEW_BATCH = "notes-round-001"
"""The review batch that was half answered by ada and bob when the file was made."""

_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
_KEPT = ("project", "data/review.db", "data/notes/tables", "data/notes/accepted", "data/notes/pins.json")


def unpack_earlier_project(project: Path, data: Path) -> SmallProject:
    """The earlier project in two new folders: its YAML with its source, and its tables with its queue."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        for name in archive.namelist():
            top, _, rest = name.partition("/")
            place = {"project": project, "data": data}[top] / rest
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archive.read(name))
    unpacked = SmallProject.__new__(SmallProject)
    unpacked.folder = project
    unpacked.module = next(path.name for path in project.iterdir() if path.name.startswith("corpora_"))
    return unpacked


def make_archive(path: Path) -> None:
    """Run a small corpus, answer half of its second review batch as people would, and pack what is left."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = _run_once(folder)
        _answer_half(made)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for kept in _KEPT:
                for file in sorted([folder / kept, *(folder / kept).rglob("*")]):
                    if file.is_file() and "__pycache__" not in file.parts:
                        archive.write(file, str(file.relative_to(folder)))


def _run_once(folder: Path) -> SmallProject:
    (folder / "project").mkdir()
    (folder / "home").mkdir()
    os.environ |= {"DAGSTER_HOME": str(folder / "home"), "DATA_ENGINE_DATA": str(folder / "data")}
    made = SmallProject(folder / "project")
    sys.path.insert(0, str(made.folder))
    write_notes(made.folder / "source", "may", 110, 3)
    corpus = notes_corpus(Path("source"), tree={"n_clusters": [24, 8], "max_iterations": 10})
    corpus["subset"] = {"target_size": 90, "compare_with": []}
    corpus["labels"] |= {"trap_share": 0.2, "rounds": 0, "target_precision": 0.85, "query_batch_size": 5}  # type: ignore[operator]
    made.add(corpus)
    made.run("notes")
    return made


def _answer_half(made: SmallProject) -> None:
    """Ten answers: one of them a correction, one by bob after ada's lease ran out, with a decision stored beside."""
    from data_engine.errors import LeaseLost
    from data_engine.runtime.review_rounds import create_review_batch
    from data_engine.runtime.simulation.simulated_answers import known_classes

    runtime = made.load().runtime("notes")
    truth = known_classes(runtime)
    assert create_review_batch(runtime, cause="more answers") == REVIEW_BATCH
    with runtime.queue() as queue:
        for number in range(9):
            at = _AT + timedelta(seconds=20 * number)
            lease = queue.next("ada", now=at, batch=REVIEW_BATCH)
            assert lease is not None
            label, sample_id = truth[lease.task.sample_id], lease.task.sample_id
            last = queue.submit(lease.lease_id, f"ada-{number}", label=label, now=at, active_s=8.5)
        other = next(name for name in runtime.corpus.class_names if name != label)
        queue.reopen(last.annotation_id, label=other, now=_AT + timedelta(seconds=300), annotator="ada")
        queue.decide(REVIEW_BATCH, sample_id, other, now=_AT + timedelta(seconds=400), posterior=0.75)
        late = queue.next("ada", now=_AT + timedelta(seconds=500), batch=REVIEW_BATCH)
        soon = queue.next("bob", now=_AT + timedelta(seconds=1000), batch=REVIEW_BATCH)
        assert late is not None
        assert soon is not None
        assert soon.task == late.task
        done = _AT + timedelta(seconds=1010)
        queue.submit(soon.lease_id, "bob-0", label=truth[soon.task.sample_id], now=done, active_s=4.0)
        with suppress(LeaseLost):
            queue.submit(late.lease_id, "ada-9", label="other", now=done, active_s=9.0)


if __name__ == "__main__":
    make_archive(Path(sys.argv[1]))
