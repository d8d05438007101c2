"""Releases that are made: listed, compared, verified, pinned, put into service again, deleted."""
