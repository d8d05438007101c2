"""The review page: an HTTP API over the queue and the files of the page itself; no Dagster, no build step."""
