"""The Dagster code location: loads every corpus below `defs/`, nothing else."""

import warnings
from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Load one asset graph per `defs/<corpus>/defs.yaml`; a corpus whose file has mistakes is named, not built."""
    from data_engine.orchestration.launch.project import Project

    with warnings.catch_warnings():
        # Dagster's own loader marks the YAML's line in the UI with a class that it calls beta.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return Project(Path(__file__).resolve().parents[1]).definitions
