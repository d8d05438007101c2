"""What the Dagster code location loads: every corpus below `defs/`, nothing else."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Load one asset graph per `defs/<corpus>/defs.yaml`."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
