"""One file per asset: its configuration, the asset, and nothing of the domain."""
