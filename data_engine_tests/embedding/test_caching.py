"""What a killed run has embedded is not embedded again, nor is what another corpus has embedded."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from slopes import IDS, embedded_by

from data_engine.embedding.caching import CHUNK

_KILLED_AT_THE_THIRD_CHUNK = """
import os, signal, sys
from pathlib import Path
from slopes import embedded_by
calls = []
def count(items):
    calls.append(items)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
embedded_by("first_corpus", Path(sys.argv[1]), count)
"""


def test_a_process_killed_at_its_third_chunk_loses_that_chunk_only(tmp_path: Path) -> None:
    code = f"import sys\nsys.path[:0] = {sys.path!r}\n{_KILLED_AT_THE_THIRD_CHUNK}"
    child = subprocess.run([sys.executable, "-c", code, str(tmp_path)])
    assert child.returncode == -signal.SIGKILL
    computed: list[str] = []
    rows = embedded_by("first_corpus", tmp_path, computed.extend)
    assert computed == IDS[2 * CHUNK :]
    np.testing.assert_allclose(rows[:, 1] / rows[:, 0], range(len(IDS)), rtol=1e-5)


def test_another_corpus_computes_nothing_that_is_known(tmp_path: Path) -> None:
    computed: list[str] = []
    first = embedded_by("first_corpus", tmp_path, computed.extend)
    second = embedded_by("second_corpus", tmp_path, computed.extend)
    assert len(computed) == len(IDS)
    np.testing.assert_array_equal(first, second)
