"""Where the columns of tables come from, in the Dagster UI and as OpenLineage events."""
