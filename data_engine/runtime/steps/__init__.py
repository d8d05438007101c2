"""The work of each step, one file per step of the plan: a function of that name from a `StepRun` to its result.

Nothing here knows Dagster; `orchestration/step.py` makes assets of them.
"""
