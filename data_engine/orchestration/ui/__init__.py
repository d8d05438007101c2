"""Metadata for the Dagster UI: previews, plots, montages, tables of clusters."""
