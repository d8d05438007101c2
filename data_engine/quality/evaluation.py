"""`evaluate`: the checks of one step on its tables."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from data_engine.corpus import Corpus
from data_engine.errors import InvalidInput
from data_engine.quality import suites
from data_engine.quality.checks import CHECKS, TABLES, Check, CheckResult
from data_engine.quality.expectations import Outcome, Truth, run_suite

Tables = Mapping[str, pa.Table]

#: Tables and facts to truths, for every step. The keyword arguments of a suite are the facts that it takes.
SUITES: dict[str, Callable[..., list[Truth]]] = {
    "raw_index": suites.raw_index,
    "first_pass": suites.first_pass,
    "embeddings": suites.embeddings,
    "cluster_tree": suites.cluster_tree,
    "balanced_subset": suites.balanced_subset,
    "classifier": suites.classifier,
    "proposals": suites.proposals,
    "reviewed_labels": suites.reviewed_labels,
    "labels": suites.labels,
    "quality_report": suites.quality_report,
    "drift_report": suites.drift_report,
    "release": suites.release,
}


def evaluate(step: str, tables: Tables, corpus: Corpus, **facts: Any) -> tuple[CheckResult, ...]:
    """Check what a step wrote.

    Args:
        step: a key of `CHECKS`.
        tables: the tables named in `TABLES[step]`, in the schemas of `data_engine.schemas`; others are ignored.
        corpus: gives the limits and the classes.
        **facts: what the tables do not say; the keyword arguments of the step's suite in `data_engine.quality.suites`.

    Returns: one result per check of the step, in the order of `CHECKS[step]`.
    Raises: InvalidInput for an unknown step or fact, or a table that is missing.
    """
    if step not in CHECKS:
        raise InvalidInput(f"step is {step!r}, which has no checks; use one of {', '.join(CHECKS)}")
    missing = [name for name in TABLES[step] if name not in tables]
    if missing:
        raise InvalidInput(
            f"the checks of {step} were given the tables {sorted(tables)} but need {list(TABLES[step])}; "
            f"add {', '.join(missing)}"
        )
    known_facts = list(inspect.signature(SUITES[step]).parameters)[2:]
    unknown = sorted(set(facts) - set(known_facts))
    if unknown:
        raise InvalidInput(
            f"the checks of {step} were given the facts {unknown} but take {known_facts or 'none'}; "
            "remove or rename them"
        )
    truths = SUITES[step](tables, corpus, **facts)
    outcomes = run_suite(step, truths)
    by_check = {truth.check: truth for truth in truths}
    return tuple(_result(check, by_check[check.name], outcomes[check.name]) for check in CHECKS[step])


def _result(check: Check, truth: Truth, outcome: Outcome) -> CheckResult:
    found = truth.value(outcome.n_offending)
    detail = found if outcome.passed else f"{found}, but {truth.rule}; {truth.remedy}"
    return CheckResult(check.name, outcome.passed, check.is_blocking, detail, outcome.n_offending, outcome.offending)
