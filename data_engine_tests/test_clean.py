"""`make clean`: what the engine made goes, what people made stays and is named."""

import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest
from earlier_queues import write_earlier_queue

_ROOT = Path(__file__).resolve().parents[1]
_MADE = ("tables/raw_index/part.parquet", "releases/aa/data.jsonl", "learnt/x.arrow", "accepted/y", "pins.json")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with data of one corpus, a queue with answers, and a file that somebody put there."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(_ROOT / "scripts" / "clean", tmp_path / "scripts")
    files = [*(f"data/notes/{name}" for name in _MADE), "data/_embeddings/a/b", "data/mine [x].txt"]
    for name in (*files, ".dagster_home/history/runs.db", ".dagster_home/dagster.yaml", ".venv/bin/python"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    write_earlier_queue(2, tmp_path / "data" / "review.db")
    return tmp_path


def _left(project: Path) -> set[str]:
    return {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()} - {"scripts/clean"}


_OTHERS = {".dagster_home/dagster.yaml", ".venv/bin/python"}


def test_without_anybody_to_ask_answers_and_unknown_files_stay_and_are_named(project: Path) -> None:
    done = subprocess.run([project / "scripts" / "clean"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == ["data/mine [x].txt", "data/review.db"]
    assert _left(project) == {"data/mine [x].txt", "data/review.db", *_OTHERS}


@pytest.mark.parametrize(("typed", "is_removed"), [("yes", True), ("y", False), ("", False)])
def test_they_go_only_where_somebody_types_yes(project: Path, typed: str, is_removed: bool) -> None:
    person, terminal = pty.openpty()
    os.write(person, f"{typed}\n".encode())
    done = subprocess.run([project / "scripts" / "clean"], stdin=terminal, capture_output=True, text=True)
    os.close(person)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    assert _left(project) == (_OTHERS if is_removed else {"data/mine [x].txt", "data/review.db", *_OTHERS})


def test_a_project_without_data_is_clean(project: Path) -> None:
    shutil.rmtree(project / "data")
    assert subprocess.run([project / "scripts" / "clean"], capture_output=True).returncode == 0


def test_make_clean_is_that_script() -> None:
    assert "\nclean:\n\tscripts/clean\n" in (_ROOT / "Makefile").read_text("utf-8")
