"""The Dagster instance of DAGSTER_HOME, opened so that a mistake in its file is one sentence.

Its storages are in `data_engine.orchestration.instance`.
"""

import os
from pathlib import Path

import dagster as dg
from dagster_shared.check import CheckError
from yaml import YAMLError

from data_engine.errors import InvalidInput


def opened_instance() -> dg.DagsterInstance:
    """The instance of DAGSTER_HOME.

    Raises: InvalidInput where its dagster.yaml cannot be used.
    """
    try:
        instance = dg.DagsterInstance.get()
        # Classes that the file names are looked for at first use.
        _ = instance.run_storage, instance.event_log_storage, instance.run_coordinator, instance.run_launcher
    except (dg.DagsterInvalidConfigError, CheckError, YAMLError) as error:
        file = Path(os.environ.get("DAGSTER_HOME", "")) / "dagster.yaml"
        why = " ".join(str(error).split())
        raise InvalidInput(f"{file} cannot be used: {why[:400]}; mend the entry, then run the command again") from error
    return instance
