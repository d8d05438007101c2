"""What a killed run has embedded is not embedded again, nor is what another corpus has embedded."""

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding import Encoder, embed_unique
from data_engine.embedding.caching import CHUNK
from data_engine.storage import TableStore

IDS = [f"{i:06d}" for i in range(3 * CHUNK + 7)]

_KILLED_AT_THE_THIRD_CHUNK = """
import os, signal, sys
from pathlib import Path
from data_engine_tests.embedding.test_embedding_resumed import embedded_by
calls = []
def count(items):
    calls.append(items)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
embedded_by("first_corpus", Path(sys.argv[1]), count)
"""


def embedded_by(corpus: str, folder: Path, called: Callable[[Sequence[str]], object]) -> NDArray[np.float32]:
    """Embed all ids for a corpus: a text of number i is the direction (1, i)."""

    def embed(items: Sequence[str], advance: Callable[[int], object]) -> NDArray[np.float32]:
        called(items)
        rows = np.array([(1, int(item)) for item in items], dtype=np.float32)
        advance(len(items))
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    encoder = Encoder(name="slopes", dim=2, version="slopes-1", _embed=embed)
    cache = TableStore(folder, corpus).embedding_cache(encoder.version, encoder.dim)
    return embed_unique(IDS, lambda positions: [IDS[i] for i in positions], encoder, cache).rows


def test_a_process_killed_at_its_third_chunk_loses_that_chunk_only(tmp_path: Path) -> None:
    project = Path(__file__).resolve().parents[2]
    child = subprocess.run([sys.executable, "-c", _KILLED_AT_THE_THIRD_CHUNK, str(tmp_path)], cwd=project)
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
