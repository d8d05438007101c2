"""Checks of what every step wrote: what they promise (`CHECKS`) and how they turned out (`evaluate`).

The only place that knows Great Expectations. Importing this package does not import it, so the checks can be listed
wherever a list of them is needed.
"""

from data_engine.quality.checks import CHECKS, TABLES, Check, CheckResult
from data_engine.quality.evaluation import evaluate

__all__ = ["CHECKS", "TABLES", "Check", "CheckResult", "evaluate"]
