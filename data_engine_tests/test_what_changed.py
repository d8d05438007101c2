"""What differs since the last run, what a run changed, and the same for programs: real commands on a small corpus."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small_project import SmallProject, notes_corpus, write_notes

from data_engine.cli import main


def _gives(project: SmallProject, *arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"DATA_ENGINE_PROJECT": str(project.folder), **environment})


def _in_a_process(project: SmallProject, line: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A line of the shell, in which `$ENGINE` is the command."""
    named = {**os.environ, "DATA_ENGINE_PROJECT": str(project.folder), "ENGINE": f"{sys.executable} -m data_engine.cli"}
    shell = ["bash", "-o", "pipefail", "-c", line]
    return subprocess.run(shell, env={**named, **environment}, capture_output=True, text=True)


def _state(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_a_plan_names_settings_files_and_steps_and_writes_nothing(finished: SmallProject, engine_folder: Path) -> None:
    said = _gives(finished, "plan", "notes")
    assert said.output == "nothing differs since the last run; every step is up to date\n"
    before = _state(engine_folder)
    finished.add(notes_corpus(Path("source"), subset={"target_size": 150}))
    write_notes(finished.folder / "source", "may", 130, 0)
    write_notes(finished.folder / "source", "august", 40, 7)
    said = _gives(finished, "plan", "notes")
    assert said.exit_code == 0, said.output
    assert "  setting  subset.target_size  180 -> 150\n" in said.output
    assert "  batch    august.jsonl  new: 1 file" in said.output
    assert "  file     may.jsonl  " in said.output
    assert "june" not in said.output
    assert "done anew: raw_index (august.jsonl, may.jsonl), first_pass (august.jsonl, may.jsonl)" in said.output
    assert _state(engine_folder) == before


def test_a_run_begins_with_what_differs_and_ends_with_what_it_changed(finished: SmallProject) -> None:
    assert "what differs" not in finished.run("notes")
    released = json.loads(_gives(finished, "release", "--format", "json").output)[0]["release_id"]
    finished.add(notes_corpus(Path("source"), subset={"target_size": 150}))
    said = finished.run("notes").splitlines()
    assert said[1:3] == ["what differs since the last run", "  setting  subset.target_size  180 -> 150"]
    (changed,) = (line for line in said if line.startswith(" changed: "))
    new = json.loads(_gives(finished, "release", "--format", "json").output)[-1]["release_id"]
    assert "150 chosen (0 came, 30 left), tree as before, 150 labels (" in changed
    assert changed.endswith(f"release {released} -> {new}")
    finished.add(notes_corpus(Path("source")))
    (changed,) = (line for line in finished.run("notes").splitlines() if line.startswith(" changed: "))
    assert changed.endswith(f"release {new} -> {released}")


def test_a_plan_is_told_in_a_folder_that_may_not_be_written_and_while_a_run_goes_on(
    finished: SmallProject, engine_folder: Path
) -> None:
    from data_engine.orchestration.launch.command_lock import corpus_lock

    finished.add(notes_corpus(Path("source"), drift={"min_samples": 60}))
    folders = [path for path in (engine_folder / "data", *(engine_folder / "data").rglob("*")) if path.is_dir()]
    with corpus_lock(finished.load().runtime("notes")):
        for path in folders:
            path.chmod(0o555)
        try:
            done = _in_a_process(finished, "$ENGINE plan notes")
        finally:
            for path in folders:
                path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert "  setting  drift.min_samples  50 -> 60\n" in done.stdout
    assert "done anew: drift_report (3 batches)" in done.stdout


def test_rows_for_programs_are_whole_and_alone_on_the_standard_output(finished: SmallProject) -> None:
    sql = "select sample_id, uri, text from raw_index order by uri"
    done = _in_a_process(finished, f"$ENGINE sql '{sql}' --format csv", COLUMNS="30")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 360, done.stderr
    assert all(len(row["sample_id"]) == 32 and row["text"] for row in rows)
    sample_id = rows[0]["sample_id"]
    decided = json.loads(_gives(finished, "why", sample_id, "--format", "json").stdout)
    assert {row["sample_id"] for row in decided} == {sample_id}
    assert {"raw_index", "first_pass"} <= {row["step"] for row in decided}
    assert json.loads(_gives(finished, "plan", "notes", "--format", "json").stdout) == []
    checked = _gives(finished, "check", "notes", "--format", "csv").stdout
    assert checked.splitlines()[0] == "severity,check,where,what,remedy"
    limited = _gives(finished, "sql", sql, "--format", "csv", "--limit", "2").stdout
    assert len(limited.splitlines()) == 3


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_reader_that_has_enough_ends_a_command_without_a_traceback(finished: SmallProject, form: str) -> None:
    sql = "select a.sample_id, a.text, b.uri from raw_index a, raw_index b limit 100000"
    done = _in_a_process(finished, f"set +o pipefail; $ENGINE sql '{sql}' --limit 5000 --format {form} | head -2")
    assert done.stdout.count("\n") == 2
    assert done.stderr == ""


@pytest.mark.parametrize("width", ["20", "200"])
def test_ids_are_never_broken_in_a_table_however_narrow_the_terminal_is(finished: SmallProject, width: str) -> None:
    sql = "select sample_id, batch, uri, text from raw_index order by uri limit 3"
    ids = [row["sample_id"] for row in json.loads(_gives(finished, "sql", sql, "--format", "json").output)]
    table = _in_a_process(finished, f"script -qec \"$ENGINE sql '{sql}'\" /dev/null", COLUMNS=width).stdout
    assert all(sample_id in table for sample_id in ids), table
    assert all(sample_id in _gives(finished, "sql", sql).output for sample_id in ids)
    twin = "select sample_id from ledger where step = 'release' limit 1"
    (released,) = json.loads(_gives(finished, "sql", twin, "--format", "json").output)
    why = _gives(finished, "why", released["sample_id"], COLUMNS=width).stdout
    release_id = json.loads(_gives(finished, "release", "--format", "json").output)[0]["release_id"]
    assert release_id in why
    assert str(release_id) in _gives(finished, "release", COLUMNS=width).stdout
