"""Naming what registries hold does not load what does the work."""

import subprocess
import sys

HEAVY = (
    "torch",
    "scipy",
    "sklearn",
    "pyarrow.parquet",
    "numba",
    "data_engine.clustering",
    "data_engine.indexing.archives",
)

_NAMED = """
import sys
from data_engine.corpus import Corpus
Corpus(
    name="notes",
    source={"kind": "jsonl", "path": "x"},
    subset={"target_size": 9, "method": "density", "compare_with": ["random"]},
    labels={"question": "?", "classes": ["a", "b"], "strategy": "margin"},
)
print(*(name for name in sys.argv[1:] if name in sys.modules))
"""


def test_a_corpus_that_names_its_source_method_and_strategy_loads_nothing_that_does_the_work() -> None:
    done = subprocess.run([sys.executable, "-c", _NAMED, *HEAVY], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_what_registries_refuse_to_load_early_is_loaded_when_it_works() -> None:
    # Otherwise the test above would hold for modules that nobody uses any more.
    use = "import data_engine.indexing.archives, data_engine.indexing.row_files, data_engine.clustering"
    command = [sys.executable, "-c", f"{use}, sys; print(*(n for n in sys.argv[1:] if n in sys.modules))", *HEAVY]
    done = subprocess.run(command, capture_output=True, text=True)
    assert {"pyarrow.parquet", "data_engine.clustering", "data_engine.indexing.archives"} <= set(done.stdout.split())
