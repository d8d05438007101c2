import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "support" / "interrupted_process.py"


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("while_dagster_captures", "False True False"),
        ("at_the_end_of_a_run", "True True"),
        ("within_a_callback", "True True True"),
        ("unnoticed", "False False"),
    ],
)
def test_an_interrupt_is_known_once_whatever_became_of_it(way: str, said: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-X", "faulthandler", str(PROGRAM), way]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert (done.returncode, done.stdout.split()) == (0, said.split()), done.stderr
    assert "KeyboardInterrupt" not in done.stderr
