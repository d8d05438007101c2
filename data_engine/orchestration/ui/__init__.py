"""What the Dagster UI shows of a step: previews, plots, montages, tables of clusters."""
