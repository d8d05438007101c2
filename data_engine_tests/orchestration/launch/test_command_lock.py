import os
import subprocess
import sys
from pathlib import Path

import pytest
from postgres_server import why_none
from written_steps import notes_runtime

from data_engine.errors import ConcurrentWrite, StorageError
from data_engine.orchestration.launch.command_lock import corpus_lock

_DATABASES = ("sqlite", "postgres") if not why_none() else ("sqlite",)


@pytest.fixture(params=_DATABASES, autouse=True)
def queue_url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the review queue, which tells where the lock is."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("server")
    monkeypatch.setenv("DATA_ENGINE_REVIEW_URL", url)
    return url


def test_another_host_is_told_which_process_is_at_work(
    tmp_path: Path, queue_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosts that share no folder share the server; without one they share nothing, and nothing is in the way."""
    monkeypatch.delenv("DATA_ENGINE_DATA")
    here, there = notes_runtime(tmp_path / "here"), notes_runtime(tmp_path / "there")
    with corpus_lock(here):
        if queue_url:
            told = rf"at work on corpus notes \(process {os.getpid()} on .*\); wait until it ends"
            with pytest.raises(ConcurrentWrite, match=told), corpus_lock(there):
                pass
        else:
            with corpus_lock(there):
                pass
    with corpus_lock(there):
        pass


def test_a_server_that_is_not_there_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"postgresql+pg8000://ada:topsecret@/postgres?unix_sock={tmp_path}/none"
    monkeypatch.setenv("DATA_ENGINE_REVIEW_URL", place)
    told = "cannot be reached to see whether another command is at work"
    with pytest.raises(StorageError, match=told) as caught, corpus_lock(notes_runtime(tmp_path)):
        pass
    assert "topsecret" not in str(caught.value)


def test_a_second_command_is_told_which_process_is_at_work(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    told = rf"at work on corpus notes \(process {os.getpid()} on .*\); wait until it ends"
    with corpus_lock(runtime), pytest.raises(ConcurrentWrite, match=told), corpus_lock(runtime):
        pass


def test_another_corpus_is_not_held_up_and_the_same_one_is_free_afterwards_also_after_an_error(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    with corpus_lock(runtime), corpus_lock(notes_runtime(tmp_path, name="letters")):
        pass
    with pytest.raises(KeyError), corpus_lock(runtime):
        raise KeyError
    with corpus_lock(runtime):
        held = (runtime.corpus_folder / "command.lock").read_text("utf-8")
    assert held.startswith(f"process {os.getpid()} on ")


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    runtime.corpus_folder.mkdir(parents=True)
    path = runtime.corpus_folder / "command.lock"
    holding = (
        f"import fcntl, sys; f = open({str(path)!r}, 'a+'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"{holding}; sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(ConcurrentWrite, match="just started"), corpus_lock(runtime):
        pass
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    with corpus_lock(runtime):
        assert path.read_text("utf-8").startswith(f"process {os.getpid()} on ")
