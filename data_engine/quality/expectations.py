"""Runs our checks as Great Expectations expectations: a profile of rows, an expectation on it, the outcome.

The columns of profiles are computed in `profiles.py`; the truths of a step are in its file in `suites/`.
"""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from threading import Lock
from types import ModuleType
from typing import Any

import pyarrow as pa

MAX_OFFENDING = 10
#: Warnings and the class of all expectations are the whole process's.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Profile:
    """Rows of one grain, with only the columns that are asked about."""

    table: pa.Table
    id_column: str | None
    """Column that names a row when it breaks a truth; None when the rows are figures about a whole table."""

    def __len__(self) -> int:
        return int(self.table.num_rows)


@dataclass(frozen=True)
class Truth:
    """One check as an expectation, and the sentence about it."""

    check: str
    profile: Profile
    expectation: Any
    """An expectation of Great Expectations on the profile."""
    value: Callable[[int], str]
    """What was found, from the number of offending rows."""
    rule: str
    remedy: str
    culprits: tuple[str, ...] = ()
    """For truths about a whole table: the rows to look at when it does not hold."""
    n_culprits: int | None = None
    """Their number, where not all of them can be named."""


@dataclass(frozen=True)
class ExpectationOutcome:
    """The result of one expectation."""

    passed: bool
    n_offending: int
    offending: tuple[str, ...]


def of_rows(
    check: str, profile: Profile, expectation: Any, *, what: str, rule: str, remedy: str, n: int | None = None
) -> Truth:
    """A truth about each row of a profile; `what` names the rows that break it, `n` is their number at most."""
    total = len(profile) if n is None else n
    return Truth(check, profile, expectation, lambda n_bad: f"{what}: {n_bad:,} of {total:,}", rule, remedy)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # Great Expectations imports modules that Python 3.11 deprecates; nothing a reader of our warnings could act on.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@contextlib.contextmanager
def _configurations_made_once() -> Iterator[None]:
    """Let every expectation keep its configuration, which Great Expectations makes anew for each key that it looks up.

    That would be some 125 times for a check, and a third of the profiled time. No expectation changes while it is
    validated.
    """
    from great_expectations.expectations.expectation import Expectation

    property_of_all = Expectation.configuration
    # The expectation is kept beside it, so that no other can get its id.
    made: dict[int, tuple[Any, Any]] = {}

    def once(expectation: Any) -> Any:
        if id(expectation) not in made:
            made[id(expectation)] = (expectation, property_of_all.fget(expectation))
        return made[id(expectation)][1]

    Expectation.configuration = property(once)
    try:
        yield
    finally:
        Expectation.configuration = property_of_all


def load_expectations() -> ModuleType:
    """The module of all expectations, imported without telemetry (3-4 s the first time)."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with _quiet():
        import great_expectations.expectations

    module: ModuleType = great_expectations.expectations
    return module


def run_suite(name: str, truths: list[Truth]) -> dict[str, ExpectationOutcome]:
    """Run the truths as one suite: one validation per profile, in a context that is nowhere but in memory.

    Returns: the outcome of every check by its name.
    Raises: RuntimeError when an expectation could not be computed, because that is a fault of the suite and says
        nothing about the data.
    """
    profiles = {id(truth.profile): truth.profile for truth in truths}
    outcomes: dict[str, ExpectationOutcome] = {}
    with _ONE_AT_A_TIME, _quiet(), _configurations_made_once():
        for key, profile in profiles.items():
            about = [truth for truth in truths if id(truth.profile) == key]
            outcomes |= _validate(f"{name}/{about[0].check}", profile, about)
    return outcomes


@cache
def _whole_profile() -> Any:
    """The batch definition that all profiles pass through; made once, because making one writes the whole context."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return (
        context.data_sources.add_pandas("profiles")
        .add_dataframe_asset("rows")
        .add_batch_definition_whole_dataframe("whole")
    )


def _validate(name: str, profile: Profile, truths: list[Truth]) -> dict[str, ExpectationOutcome]:
    """The outcomes of the truths about one profile: whether they hold, and then, of those that do not, which rows."""
    batch = _whole_profile().get_batch({"dataframe": profile.table.to_pandas()})
    broken = [truth for truth, result in _results(name, batch, truths, "BOOLEAN_ONLY") if not result.success]
    outcomes = dict.fromkeys((truth.check for truth in truths), ExpectationOutcome(True, 0, ()))
    if broken:
        rows: dict[str, Any] = {
            "result_format": "COMPLETE",
            "unexpected_index_column_names": [profile.id_column] if profile.id_column else None,
            "return_unexpected_index_query": False,
            "include_unexpected_rows": False,
        }
        outcomes |= {truth.check: _outcome(truth, result) for truth, result in _results(name, batch, broken, rows)}
    return outcomes


def _results(
    name: str, batch: Any, truths: list[Truth], result_format: str | dict[str, Any]
) -> Iterator[tuple[Truth, Any]]:
    """Each truth with what Great Expectations says of it.

    Raises: RuntimeError when an expectation could not be computed.
    """
    import great_expectations as gx

    suite = gx.ExpectationSuite(name=name, expectations=[truth.expectation for truth in truths])
    for number, truth in enumerate(truths):
        suite.expectations[number].meta = {"check": truth.check}
    by_check = {truth.check: truth for truth in truths}
    for result in batch.validate(suite, result_format=result_format).results:
        truth = by_check[result.expectation_config.meta["check"]]
        if result.exception_info.get("raised_exception", True):
            raise RuntimeError(
                f"the expectation of check {truth.check!r} could not be computed ({result.exception_info}); "
                "the suite or its profile is wrong, not the data"
            )
        yield truth, result


def _outcome(truth: Truth, result: Any) -> ExpectationOutcome:
    rows = result.result.get("unexpected_index_list")
    if rows is None or truth.profile.id_column is None:
        n_culprits = len(truth.culprits) if truth.n_culprits is None else truth.n_culprits
        return ExpectationOutcome(False, n_culprits, truth.culprits[:MAX_OFFENDING])
    names = dict.fromkeys(str(row[truth.profile.id_column]) for row in rows)
    return ExpectationOutcome(False, len(rows), tuple(names)[:MAX_OFFENDING])
