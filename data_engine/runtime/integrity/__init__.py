"""Whether the data of a corpus is whole: one file per kind of check, each gives what it finds; nothing is written.

What damage of a table is, is known to `data_engine.storage.integrity`; the kinds are listed in `registry.py`.
"""
