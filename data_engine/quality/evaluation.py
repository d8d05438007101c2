"""Runs the checks of one step on its tables.

The checks themselves are in `suites/`, one file per step.
"""

import inspect
from typing import Any

from data_engine.corpus import Corpus
from data_engine.errors import InvalidInput
from data_engine.quality.checks import Check, CheckResult
from data_engine.quality.expectations import ExpectationOutcome, Truth, run_suite
from data_engine.quality.registry import suite_of
from data_engine.schemas import Tables

#: Culprits that the sentence about a failed check names, and characters of each; ten are kept beside it.
_MOST_NAMED, _LONGEST = 3, 300


def evaluate(step: str, tables: Tables, corpus: Corpus, **facts: Any) -> tuple[CheckResult, ...]:
    """Check what a step wrote.

    Args:
        step: a key of `CHECKS`.
        tables: the tables named in `TABLES[step]`, in the schemas of `data_engine.schemas`, or what the suite needs of
            them; others are ignored.
        corpus: gives the limits and the classes.
        **facts: what the tables do not say; the keyword arguments of `suite` in `data_engine.quality.suites.STEP`.

    Returns: one result per check of the step, in the order of `CHECKS[step]`; none about labels for a corpus that has
        no labels.

    Raises: InvalidInput for an unknown step or fact, or a table that is missing.
    """
    suite = suite_of(step)
    missing = [name for name in suite.tables if name not in tables]
    if missing:
        raise InvalidInput(
            f"the checks of {step} were given the tables {sorted(tables)} but need {list(suite.tables)}; "
            f"add {', '.join(missing)}"
        )
    known_facts = list(inspect.signature(suite.truths).parameters)[2:]
    unknown = sorted(set(facts) - set(known_facts))
    if unknown:
        raise InvalidInput(
            f"the checks of {step} were given the facts {unknown} but take {known_facts or 'none'}; "
            "remove or rename them"
        )
    reduced = {name: suite.needs[name].of(rows) if name in suite.needs else rows for name, rows in tables.items()}
    checks = suite.checks_for(has_labels=corpus.has_labels)
    names = {check.name for check in checks}
    truths = [truth for truth in suite.truths(reduced, corpus, **facts) if truth.check in names]
    outcomes = run_suite(step, truths)
    by_check = {truth.check: truth for truth in truths}
    return tuple(_result(check, by_check[check.name], outcomes[check.name]) for check in checks)


def _result(check: Check, truth: Truth, outcome: ExpectationOutcome) -> CheckResult:
    found = truth.value(outcome.n_offending)
    detail = found if outcome.passed else f"{found}{_named(truth)}, but {truth.rule}; {truth.remedy}"
    return CheckResult(check.name, outcome.passed, check.is_blocking, detail, outcome.n_offending, outcome.offending)


def _named(truth: Truth) -> str:
    """The first culprits of a truth about a whole table, which its remedy asks to look at."""
    named = [one if len(one) <= _LONGEST else f"{one[:_LONGEST]}..." for one in truth.culprits[:_MOST_NAMED]]
    return "".join(f", {'first ' if not place else ''}`{one}`" for place, one in enumerate(named))
