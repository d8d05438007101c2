"""One corpus at work, without Dagster: the plan of its steps, what each reads and writes, what is stale."""
