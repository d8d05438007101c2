import subprocess
import sys

_BEGIN = """
import atexit, sys
from data_engine.orchestration.own_process import Leaving
leaving = Leaving()
atexit.register(print, "exit handlers run")
class Kept:
    def __del__(self): print("taken apart")
kept = Kept()
"""


def process(code: str) -> tuple[int, list[str]]:
    """Exit status of a process, and the lines that it printed."""
    done = subprocess.run([sys.executable, "-c", _BEGIN + code], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def test_a_process_that_says_how_it_ends_runs_its_exit_handlers_and_takes_nothing_apart() -> None:
    assert process("leaving.with_status(3)\nsys.exit(3)") == (3, ["exit handlers run"])


def test_a_process_that_does_not_say_so_ends_as_python_does() -> None:
    assert process("raise ValueError") == (1, ["exit handlers run", "taken apart"])


def test_a_command_ends_with_the_status_of_what_it_did() -> None:
    command = [sys.executable, "-m", "data_engine.cli"]
    assert subprocess.run([*command, "--version"], capture_output=True).returncode == 0
    assert subprocess.run([*command, "nonsense"], capture_output=True).returncode == 2
