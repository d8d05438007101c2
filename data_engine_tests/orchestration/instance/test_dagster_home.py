"""The parts of the Dagster instance that are ours stand on private parts of Dagster."""

import dagster

#: The Dagster that `orchestration/instance/` was written and tried for.
WRITTEN_FOR = "1.13"


def test_dagster_is_the_version_that_the_storages_were_written_for() -> None:
    assert dagster.__version__.rpartition(".")[0] == WRITTEN_FOR, (
        f"Dagster is {dagster.__version__}, but data_engine/orchestration/instance/ overrides private methods of "
        f"Dagster {WRITTEN_FOR}; read its storages against the new ones, then change WRITTEN_FOR"
    )
