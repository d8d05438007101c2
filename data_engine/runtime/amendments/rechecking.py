"""Checks that failed, made again over the same rows: what they looked at may have been mended since.

When a verdict holds and when it has to be given again is in `runtime/check_gate.py`.
"""

from dataclasses import dataclass

from data_engine.runtime.accepted_tables import rows_are_there
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import STEPS
from data_engine.runtime.versions import step_versions


@dataclass(frozen=True)
class Rechecked:
    """A check that had failed and what it says now.

    Attributes:
        step: Of the plan; of one of several questions with its name before it.
        batch: The partition; empty for a step without.
        check: Its name.
        passes: Whether it holds now.
        detail: What it says now.
    """

    step: str
    batch: str
    check: str
    passes: bool
    detail: str

    @property
    def sentence(self) -> str:
        """One line for people."""
        place = f"{self.step} of {self.batch}" if self.batch else self.step
        return f"{'holds now' if self.passes else 'still fails'}  {place}: {self.check}: {self.detail}"


def recheck(runtime: CorpusRuntime, *, run_id: str) -> list[Rechecked]:
    """Judge every version again of which a check failed, blocking or not; the new verdicts are kept.

    Rows that are lost are left out: nothing can be said of them before a run has made them anew.
    """
    store = runtime.store()
    failed = {
        (row["step"], row["batch"])
        for row in store.read("check_results", columns=["step", "batch", "passed"]).to_pylist()
        if not row["passed"]
    }
    versions = step_versions(store)
    found = []
    for step, batch in sorted(failed, key=lambda key: (list(STEPS).index(key[0]) if key[0] in STEPS else -1, key[1])):
        version = versions.get((step, batch))
        if (
            step not in runtime.own_steps
            or version is None
            or not rows_are_there(store, step, batch, version.table_version)
        ):
            continue
        before = store.read("check_results", partition={"step": step, "batch": batch}).to_pylist()
        had_failed = {row["check"] for row in before if not row["passed"]}
        results = CheckGate(runtime, store, run_id).judge_and_keep(version)
        found += [
            Rechecked(f"{runtime.question} {step}".strip(), batch, result.name, result.passed, result.detail)
            for result in results
            if result.name in had_failed or not result.passed
        ]
    return found
