"""Changes: what differs from what a step last saw, and what a run has changed.

Whether a step is stale is decided in `staleness.py`, what a run will do in `orchestration/launch/run_plan.py`.
"""
