"""The half that knows Dagster: one YAML file in, the asset graph of a corpus out."""
