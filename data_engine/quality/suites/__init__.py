"""One file per step, named after it: its checks (`CHECKS`), the tables they read (`TABLES`) and its `suite`.

A suite takes `(tables, corpus)` and, as keyword arguments, the facts that no table holds; it gives one truth per check,
which Great Expectations then judges. Where a truth spans two tables the suite computes a profile column first, and the
expectation is put on that column. `data_engine.quality.registry` finds the files: nothing else lists the steps.
"""
