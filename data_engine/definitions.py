"""The Dagster code location: loads every corpus below `defs/`, nothing else."""

import warnings
from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Load one asset graph per `defs/<corpus>/defs.yaml`."""
    with warnings.catch_warnings():
        # Dagster's own loader marks the YAML's line in the UI with a class that it calls beta.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
