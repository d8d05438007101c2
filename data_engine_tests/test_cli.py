"""The command line: its exit status."""

import subprocess
import sys


def test_a_command_ends_with_the_status_of_what_it_did() -> None:
    command = [sys.executable, "-m", "data_engine.cli"]
    assert subprocess.run([*command, "--version"], capture_output=True).returncode == 0
    assert subprocess.run([*command, "nonsense"], capture_output=True).returncode == 2
