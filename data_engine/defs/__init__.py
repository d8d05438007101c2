"""One folder per corpus, each with its `defs.yaml`."""
