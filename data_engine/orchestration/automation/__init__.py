"""Automation: jobs, conditions, sensors, schedules. Steps as assets are in `orchestration/step.py`."""
