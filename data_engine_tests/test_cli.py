"""The command line: its exit status, and its last words."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from earlier_queues import write_earlier_queue
from small_project import SmallProject

from data_engine import cli
from data_engine.cli import main
from data_engine.review import ReviewQueue
from data_engine.storage import TableStore

_COMMAND = [sys.executable, "-m", "data_engine.cli"]


def test_a_command_ends_with_the_status_of_what_it_did() -> None:
    assert subprocess.run([*_COMMAND, "--version"], capture_output=True).returncode == 0
    assert subprocess.run([*_COMMAND, "nonsense"], capture_output=True).returncode == 2


def test_an_error_that_nobody_expected_is_a_sentence_and_debug_shows_the_traceback(
    notes: SmallProject, monkeypatch: pytest.MonkeyPatch, engine_folder: Path
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))

    def broken() -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(cli, "_project", broken)
    done = CliRunner().invoke(main, ["sql", "select 1"])
    assert done.exit_code == 1
    assert "Error: the command failed by an error that is none of its own (RecursionError: too deep)" in done.output
    assert "Traceback" not in done.output
    (kept,) = (engine_folder / "home" / "logs").glob("data-engine-*.txt")
    assert "in broken" in kept.read_text("utf-8")
    for debugged in (["--debug", "sql", "select 1"], ["sql", "select 1"]):
        done = CliRunner().invoke(main, debugged, env={"DATA_ENGINE_DEBUG": "" if "--debug" in debugged else "1"})
        assert "in broken" in done.output
        assert done.exit_code == 1


def test_an_interrupt_is_a_sentence_with_the_status_that_shells_know(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_project", interrupted)
    done = CliRunner().invoke(main, ["sql", "select 1"])
    assert done.exit_code == 130
    assert done.output == (
        "Error: interrupted; what was done until then is kept, and giving the command again goes on from there\n"
    )


def test_a_run_that_is_interrupted_goes_on_when_it_is_given_again(notes: SmallProject) -> None:
    environment = {**os.environ, "DATA_ENGINE_PROJECT": str(notes.folder), "PYTHONUNBUFFERED": "1"}
    # Tests that a shell runs in the background ignore interrupts, and hand that on.
    listening = ["env", "--default-signal=INT", *_COMMAND, "run", "notes"]
    process = subprocess.Popen(listening, env=environment, stdout=-1, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    said = b""
    while b"ok" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=120)[0]
    assert process.returncode == 130, said
    assert b"Error: interrupted; what was done until then is kept" in said
    assert b"Traceback" not in said
    assert b"DagsterExecutionInterruptedError" not in said
    assert "Funnel" in notes.run("notes")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_a_character_ends_no_command(finished: SmallProject, encoding: str) -> None:
    environment = {**os.environ, "DATA_ENGINE_PROJECT": str(finished.folder), "PYTHONIOENCODING": encoding}
    query = "select '\u6771\u4eac \u2588 \u00fc' as place"
    done = subprocess.run([*_COMMAND, "sql", query, "--corpus", "notes"], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert b"\\u6771" in done.stdout
    assert b"1 row" in done.stdout


def test_a_full_disk_during_ingest_is_told_as_such_and_holds_no_batch(
    notes: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))
    write = TableStore.write

    def full(self: TableStore, name: str, *arguments: object, **named: object) -> object:
        if name == "first_pass":
            raise OSError(28, "No space left on device", "data/notes")
        return write(self, name, *arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(TableStore, "write", full)
        done = CliRunner().invoke(main, ["run", "notes"])
    assert done.exit_code == 1
    assert "No space left on device" in done.output
    assert "held" not in done.output
    assert "at the source" not in done.output
    assert "Traceback" not in done.output
    assert "Funnel" in notes.run("notes")


def test_a_queue_is_copied_by_paths_or_urls_and_the_counts_are_said(tmp_path: Path) -> None:
    source = write_earlier_queue(2, tmp_path / "review.db")
    done = CliRunner().invoke(main, ["queue", "copy", str(source), f"sqlite:///{tmp_path / 'copy.db'}"])
    assert done.exit_code == 0, done.output
    assert "review_annotation    3 rows" in done.output
    assert "review_decision      1 row\n" in done.output
    assert "set DATA_ENGINE_REVIEW_URL to the target" in done.output
    with ReviewQueue(f"sqlite:///{tmp_path / 'copy.db'}") as queue:
        assert len(queue.batches()) == 2
    again = CliRunner().invoke(main, ["queue", "copy", str(source), str(tmp_path / "copy.db")])
    assert again.exit_code == 1
    assert "the target holds a queue already" in again.output


def test_a_data_folder_that_may_not_be_written_is_read_and_named(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(finished.folder))
    data = finished.load().runtime("notes").data_folder
    monkeypatch.setattr("data_engine.review.queue_database._is_writable", lambda _: False)
    done = CliRunner().invoke(main, ["sql", "select count(*) as n from reviewed_labels"])
    assert done.exit_code == 0, done.output

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(data / "notes" / "command.lock"))

    monkeypatch.setattr("data_engine.orchestration.launch.commands.corpus_lock", refuse)
    done = CliRunner().invoke(main, ["run", "notes"])
    assert done.exit_code == 1
    assert f"{data}/notes/command.lock may not be written or read (Permission denied); make it writable" in " ".join(
        done.output.split()
    )


def test_a_ui_that_a_shell_had_ignore_interrupts_ends_when_it_is_told_to(notes: SmallProject, tmp_path: Path) -> None:
    """Dagster's place is taken by a program that says whether it listens to interrupts."""
    fake = tmp_path / "fake" / "dagster"
    fake.mkdir(parents=True)
    (fake / "__init__.py").touch()
    (fake / "__main__.py").write_text(
        "import signal, sys, time\n"
        "print('listens', signal.getsignal(signal.SIGINT) is signal.default_int_handler, flush=True)\n"
        "time.sleep(float(sys.argv[-1] == '4711') * 60)\n",
        "utf-8",
    )
    (notes.folder / "workspace.yaml").write_text("load_from: []\n", "utf-8")
    environment = {**os.environ, "DATA_ENGINE_PROJECT": str(notes.folder)}
    start = "import sys, runpy; sys.argv = ['data-engine', 'ui', '--port', '4711']; "
    start += f"import os; os.environ['PYTHONPATH'] = {str(fake.parent)!r}; "
    start += "runpy.run_module('data_engine.cli', run_name='__main__')"
    ignoring = ["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh", sys.executable, "-c", start]
    first = subprocess.Popen(ignoring, env=environment, stdout=-1, text=True)
    try:
        assert first.stdout is not None
        assert "http://127.0.0.1:4711" in first.stdout.readline()
        assert first.stdout.readline() == "listens True\n"
        second = subprocess.run([*_COMMAND, "ui", "--port", "4712"], env=environment, capture_output=True, text=True)
        assert second.returncode == 1
        assert f"starts or runs already (process {first.pid}, port 4711); open that one, or stop it" in second.stderr
    finally:
        first.terminate()
        began = time.monotonic()
        first.communicate(timeout=30)
    assert time.monotonic() - began < 20
