"""Checks of what every step wrote: what they promise (`CHECKS`) and how they turned out (`evaluate`).

The only place that knows Great Expectations. Importing this package does not import it, so the checks can be listed
wherever a list of them is needed. What the checks look at is gathered in `data_engine.runtime.check_inputs`.
"""

from data_engine.quality.checks import Check, CheckResult, Needs
from data_engine.quality.evaluation import evaluate
from data_engine.quality.registry import CHECKS, TABLES, suite_of

__all__ = ["CHECKS", "TABLES", "Check", "CheckResult", "Needs", "evaluate", "suite_of"]
