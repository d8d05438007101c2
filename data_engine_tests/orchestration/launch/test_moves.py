"""The files of the source against the batches that the corpus has."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console
from written_steps import notes_runtime, take_in

from data_engine import indexing
from data_engine.indexing import SourceFile
from data_engine.orchestration.launch.moves import Moves, drop_partitions
from data_engine.orchestration.names import batch_partitions
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.versions import fingerprint

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _file(name: str, n_bytes: int = 3) -> tuple[SourceFile, ...]:
    return (SourceFile(path=Path(name), uri=name, n_bytes=n_bytes, modified_at=NOW),)


@pytest.fixture
def console() -> Iterator[Console]:
    yield Console(file=StringIO(), width=300)


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    """Batches may and june of one file each, as they were read."""
    made = notes_runtime(tmp_path)
    for batch in ("may", "june"):
        read = fingerprint({"files": indexing.fingerprint(_file(batch))})
        take_in(made, batch, [{"sample_id": batch, "text": batch}], input_version=read)
    return made


def _said(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_nothing_is_said_where_the_source_is_as_it_was(
    runtime: CorpusRuntime, instance: dg.DagsterInstance, console: Console
) -> None:
    moves = Moves(runtime, {"may": _file("may"), "june": _file("june")}, instance, console)
    moves.forget_gone()
    assert moves.to_read_first(["june", "may"]) == []
    moves.say()
    assert _said(console) == ""


def test_batches_that_are_gone_leave_tables_and_partitions_with_a_word(
    runtime: CorpusRuntime, instance: dg.DagsterInstance, console: Console
) -> None:
    name = batch_partitions(runtime).name or ""
    instance.add_dynamic_partitions(name, ["may", "june"])
    moves = Moves(runtime, {"june": _file("june")}, instance, console)
    moves.forget_gone()
    moves.say()
    assert instance.get_dynamic_partitions(name) == ["june"]
    assert runtime.store().read("raw_index", columns=["batch"])["batch"].to_pylist() == ["june"]
    first, second = _said(console).splitlines()
    assert first == (
        "  the source no longer has may: the raw sample there leaves if it is in no other batch; put the files back "
        "to have them again"
    )
    assert second == "  1 sample left"
    Moves(runtime, {}, instance, console).forget_gone(is_told=True)
    assert len(_said(console).splitlines()) == 2


def test_changed_batches_are_read_first_only_where_rows_may_have_gone_to_another(
    runtime: CorpusRuntime, instance: dg.DagsterInstance, console: Console
) -> None:
    changed = {"may": _file("may", 9), "june": _file("june")}
    assert Moves(runtime, changed, instance, console).to_read_first(["june", "may"]) == []
    both = {**changed, "june": _file("june", 9)}
    assert Moves(runtime, both, instance, console).to_read_first(["june", "may"]) == ["june", "may"]
    with_new = {**changed, "july": _file("july")}
    assert Moves(runtime, with_new, instance, console).to_read_first(["july", "june", "may"]) == ["may"]


def test_partitions_that_there_are_not_are_no_error(runtime: CorpusRuntime, instance: dg.DagsterInstance) -> None:
    drop_partitions(runtime, instance, ["nothing"])
    assert instance.get_dynamic_partitions(batch_partitions(runtime).name or "") == []
