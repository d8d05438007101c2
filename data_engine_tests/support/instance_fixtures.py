"""Dagster's databases, made once and copied, and ticking sensors of the corpus `notes`."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from small_project import SmallProject
from ticking import Ticking

from data_engine.orchestration.instance import whole_databases
from data_engine.orchestration.instance.whole_databases import _Kind


@pytest.fixture(scope="session", autouse=True)
def _databases_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every new home gets copies of Dagster's three databases, which take long to make.

    How they are made is tested in `orchestration/instance/test_whole_databases.py`, which has `made_by_dagster`.
    """
    folder = tmp_path_factory.getbasetemp() / "databases"
    with pytest.MonkeyPatch.context() as patch:
        for stem, kind in dict(whole_databases._KINDS).items():
            patch.setitem(whole_databases._KINDS, stem, _copied(kind, folder / stem, f"{stem}.db"))
        yield


def _copied(kind: Callable[[], _Kind], kept: Path, name: str) -> Callable[[], _Kind]:
    def copying() -> _Kind:
        known = kind()

        def make(folder: str) -> None:
            if not (kept / name).exists():
                kept.mkdir(parents=True)
                known.make(str(kept))
                with closing(sqlite3.connect(kept / name)) as database:
                    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copy(kept / name, folder)

        return replace(known, make=make)

    return copying


@pytest.fixture
def made_by_dagster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster itself makes the databases of this test."""
    for stem in list(whole_databases._KINDS):
        maker = {"runs": "_runs", "index": "_events", "schedules": "_schedules"}[stem]
        monkeypatch.setitem(whole_databases._KINDS, stem, getattr(whole_databases, maker))


@pytest.fixture
def ticking(notes: SmallProject, instance: dg.DagsterInstance) -> Callable[[str], Ticking]:
    """Makes a ticking sensor of the corpus `notes`."""
    return lambda purpose: Ticking(notes, purpose, instance)
