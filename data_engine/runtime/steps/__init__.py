"""What each step does, one file per step of the plan: a function of the step's name from a `StepRun` to its result.

Nothing here knows Dagster; `orchestration/step.py` makes assets of them.
"""
