import json
from io import StringIO
from pathlib import Path

from rich.console import Console
from written_steps import notes_runtime, write_step

from data_engine.terminal.check import print_check


def _said(folder: Path, *, form: str) -> tuple[bool, str]:
    console = Console(file=StringIO(), width=200)
    is_whole = print_check(notes_runtime(folder), console=console, form=form)
    assert isinstance(console.file, StringIO)
    return is_whole, console.file.getvalue()


def test_whole_data_are_one_line(tmp_path: Path) -> None:
    write_step(notes_runtime(tmp_path).store(), "labels", [{}])
    assert _said(tmp_path, form="table") == (True, "notes: the data are whole, 0 notes\n")


def test_every_finding_is_printed_with_its_remedy_or_given_as_json(tmp_path: Path) -> None:
    store = notes_runtime(tmp_path).store()
    write_step(store, "labels", [{}])
    next(store.path("labels").glob("*.parquet")).write_bytes(b"x")
    is_whole, said = _said(tmp_path, form="table")
    assert not is_whole
    assert "error  labels: notes/tables/labels/part-" in said
    assert "remedy: rm -f " in said
    assert said.endswith("notes: 1 error, 0 notes\n")
    is_whole, said = _said(tmp_path, form="json")
    findings = json.loads(said)
    assert (is_whole, findings["corpus"], findings["n_errors"]) == (False, "notes", 1)
    assert findings["findings"][0]["check"] == "tables"
