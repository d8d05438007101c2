"""A check and its result: one truth about the tables of a step, in its name.

The checks of a step are in its file in `suites/`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa


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


@dataclass(frozen=True)
class Needs:
    """What the checks of a step need of a table whose rows may be larger than the memory."""

    columns: tuple[str, ...]
    """The columns that they look at."""
    of_rows: Callable[[pa.Table], pa.Table] = lambda rows: rows
    """Gives, of some rows with these columns, what is kept of them, row by row."""
    gives: tuple[str, ...] = ()
    """Columns of its own that `of_rows` adds."""

    def of(self, rows: pa.Table) -> pa.Table:
        """What is kept of some rows; rows that were reduced before stay as they are."""
        is_reduced = bool(self.gives) and set(self.gives) <= set(rows.column_names)
        return rows if is_reduced else self.of_rows(rows.select(self.columns))


def blocking(name: str, sentence: str) -> Check:
    """A check that holds back the steps that follow."""
    return Check(name, sentence, is_blocking=True)


def warning(name: str, sentence: str) -> Check:
    """A check that only warns."""
    return Check(name, sentence, is_blocking=False)
