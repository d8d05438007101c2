"""Cleaning up: what of a data folder nobody needs any more, and deleting it.

Which versions of tables stay is known to `storage.retention`.
"""
