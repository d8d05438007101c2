"""The parts of the Dagster instance that are ours; they lean on private parts of Dagster."""
