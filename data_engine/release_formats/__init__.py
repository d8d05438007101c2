"""Formats of a release's data file, one module each; `registry.py` lists them."""
