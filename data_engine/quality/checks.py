"""A check and its result: one truth about the tables of a step, in its name.

The checks of a step are in its file in `suites/`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One truth about the tables of a step."""

    name: str
    """The truth, as an identifier."""
    sentence: str
    """The truth, as a person reads it."""
    is_blocking: bool
    """Steps that follow wait while it does not hold."""


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check."""

    name: str
    passed: bool
    is_blocking: bool
    detail: str
    """What was found; when the check failed also the rule and the remedy."""
    n_offending: int
    """Rows that break the truth; 0 when it holds."""
    offending: tuple[str, ...]
    """Up to ten of them."""


def blocking(name: str, sentence: str) -> Check:
    """A check that holds back the steps that follow."""
    return Check(name, sentence, is_blocking=True)


def warning(name: str, sentence: str) -> Check:
    """A check that only warns."""
    return Check(name, sentence, is_blocking=False)
