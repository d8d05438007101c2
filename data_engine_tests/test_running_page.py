"""The commands of docs/running.md for several hosts, given as they stand there, with a store and a server of tests."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bucket_fixtures import make_bucket
from earlier_queues import write_earlier_queue
from small_project import SmallProject, notes_corpus, write_notes
from sqlalchemy import create_engine

from data_engine.review import ReviewQueue

_DOCS = Path(__file__).resolve().parents[1] / "docs"
_URL = "postgresql+psycopg2://me:password@host/answers"


def _blocks(heading: str) -> list[str]:
    """The commands of a section of the page, block by block."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", (_DOCS / "running.md").read_text("utf-8"), re.M | re.S)
    return re.findall(r"^```(?:bash)?\n(.*?)^```", section, re.M | re.S)


def _given(commands: str, folder: Path) -> str:
    """What the commands print, each given once the one before succeeded; the engine is that of these tests."""
    folder_of_programs = folder / "programs"
    if not folder_of_programs.exists():
        folder_of_programs.mkdir()
        program = folder_of_programs / "data-engine"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m data_engine.cli "$@"\n', "utf-8")
        program.chmod(0o755)
    path = os.pathsep.join([str(folder_of_programs), os.environ["PATH"]])
    search = os.pathsep.join([str(_DOCS.parent), str(folder)])
    done = subprocess.run(
        ["bash", "-ec", commands],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": search},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_commands_about_data_in_s3_work_as_they_stand_there(
    project: SmallProject, bucket_store: str, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, commands = _blocks("Data in S3")
    write_notes(project.folder / "source", "may", 60, 0)
    corpus = notes_corpus(project.folder / "source", tree={"n_clusters": [12, 4]}, subset={"target_size": 40})
    project.add({name: value for name, value in corpus.items() if name not in ("labels", "review")})
    make_bucket("team-bucket")
    exports = "\n".join(line for line in settings.splitlines() if line.startswith("export"))
    assert exports.count("export") == 4
    for written, here in (
        ("s3://bucket/team", "s3://team-bucket/team"),
        (_URL, f"'{server}'"),
        ("http://127.0.0.1:9000", bucket_store),
    ):
        assert exports.count(written) == 1
        exports = exports.replace(written, here)
    monkeypatch.setenv("DATA_ENGINE_SCRATCH", str(project.folder / "scratch"))
    for line in commands.splitlines():
        said = _given(f"{exports}\n{line}", project.folder)
        assert "s3://team-bucket/team" in said or line.split()[1] not in ("run",), said
    assert list((project.folder / "exported").rglob("*.parquet"))
    assert not (project.folder / "data").exists()


def test_the_queue_moves_to_postgres_by_the_commands_of_the_page(
    project: SmallProject, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (commands,) = _blocks("The review queue: moving it, losing it")
    monkeypatch.delenv("DATA_ENGINE_DATA")
    project.add(notes_corpus(project.folder / "source"))
    (project.folder / "data").mkdir()
    write_earlier_queue(4, project.folder / "data" / "review.db")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("create database moved")
    engine.dispose()
    there = server.replace("@/postgres", "@/moved")
    assert commands.count(_URL) == 2
    assert "review_annotation" in _given(commands.replace(_URL, f"'{there}'"), project.folder)
    with ReviewQueue(f"sqlite:///{project.folder}/data/review.db") as old, ReviewQueue(there) as new:
        assert new.queue_id == old.queue_id
        assert new.changes() == old.changes()
