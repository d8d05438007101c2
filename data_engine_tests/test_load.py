"""Five corpora load together, and loading them imports nothing heavy."""

import json
import os
import subprocess
import sys

from small_project import SmallProject, notes_corpus

HEAVY = ("torch", "sentence_transformers", "great_expectations", "duckdb", "deltalake", "sklearn", "matplotlib")

_LOAD = """
import json, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from data_engine.orchestration.launch.project import Project
definitions = Project(Path(sys.argv[1])).definitions
graph = definitions.resolve_asset_graph()
definitions.get_repository_def()
print(json.dumps({
    "corpora": sorted({key.path[0] for key in graph.get_all_asset_keys()}),
    "imported": sorted(name for name in sys.argv[2].split(",") if name in sys.modules),
}))
"""


def test_five_corpora_load_together_and_import_nothing_heavy(project: SmallProject) -> None:
    for number in range(5):
        project.add({**notes_corpus(project.folder / "source"), "name": f"corpus_{number}"})
    environment = {**os.environ, "PYTHONPATH": str(project.folder)}
    command = [sys.executable, "-c", _LOAD, str(project.folder), ",".join(HEAVY)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"corpora": [f"corpus_{number}" for number in range(5)], "imported": []}
