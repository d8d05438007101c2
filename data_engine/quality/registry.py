"""The suites of all steps, found as files of `data_engine.quality.suites`.

Running a suite is in `evaluation.py`.
"""

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from data_engine.errors import InvalidInput
from data_engine.quality import suites
from data_engine.quality.checks import Check, Needs
from data_engine.quality.expectations import Truth

#: Steps that have checks, in alphabetical order.
STEPS = tuple(sorted(module.name for module in pkgutil.iter_modules(suites.__path__)))


#: Blocks and fields of the YAML that truths are held against, where a suite does not say which in `LIMITS`.
_ALL_LIMITS = (
    "first_pass",
    "max_failed_share",
    "review.min_trap_catch_rate",
    "review.min_agreement",
    "labels",
    "subset",
)


@dataclass(frozen=True)
class Suite:
    """The checks of one step."""

    checks: tuple[Check, ...]
    """In the order in which `evaluate` answers them."""
    tables: tuple[str, ...]
    """The tables that they read. `embedded` is any table whose `sample_id` lists the embedded samples."""
    needs: Mapping[str, Needs]
    """What is needed of some of these tables; of the others everything."""
    truths: Callable[..., list[Truth]]
    """`(tables, corpus, **facts)` to one truth per check; its keyword arguments are the facts that it takes."""
    limits: tuple[str, ...]
    """What of the YAML the truths are held against, such as `first_pass` or `review.min_trap_catch_rate`."""

    def checks_for(self, *, has_labels: bool) -> tuple[Check, ...]:
        """The checks that a corpus with labels, or one without, has."""
        return tuple(check for check in self.checks if has_labels or not check.is_about_labels)


@cache
def suite_of(step: str) -> Suite:
    """The suite of a step.

    Raises: InvalidInput for a step without a file in `data_engine.quality.suites`.
    """
    if step not in STEPS:
        known = ", ".join(STEPS)
        raise InvalidInput(
            f"step is {step!r}, which has no checks; use one of {known}, or add data_engine/quality/suites/{step}.py"
        )
    module = import_module(f"{suites.__name__}.{step}")
    limits = getattr(module, "LIMITS", _ALL_LIMITS)
    return Suite(module.CHECKS, module.TABLES, getattr(module, "NEEDS", {}), module.suite, limits)


#: The checks of every step, in the order in which `evaluate` answers them.
CHECKS: dict[str, tuple[Check, ...]] = {step: suite_of(step).checks for step in STEPS}
#: The tables that the checks of every step read.
TABLES: dict[str, tuple[str, ...]] = {step: suite_of(step).tables for step in STEPS}
