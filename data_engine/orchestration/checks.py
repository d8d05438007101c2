"""The checks of a step as asset checks: its suite runs as one op, one asset check per truth.

What is checked is in `quality/suites/`, what a failed check holds back in `runtime/check_gate.py`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from data_engine.orchestration.names import asset_key, group_name, partitions_of
from data_engine.quality.registry import suite_of
from data_engine.runtime import check_gate
from data_engine.runtime.corpus_runtime import CorpusRuntime

if TYPE_CHECKING:
    from data_engine.quality import CheckResult


def build_checks(runtime: CorpusRuntime, step: str) -> dg.AssetChecksDefinition:
    """All asset checks of one step; the blocking ones hold back what follows in the same run and in every other."""
    specs = [
        dg.AssetCheckSpec(
            check.name,
            asset=asset_key(runtime, step),
            description=check.sentence,
            blocking=check.is_blocking,
            partitions_def=partitions_of(runtime, step),
        )
        for check in suite_of(step).checks_for(has_labels=runtime.corpus.has_labels)
    ]

    @dg.multi_asset_check(name=f"{group_name(runtime)}__{step}_checks", specs=specs, description=f"the suite of {step}")
    def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        op = context.op_execution_context
        batch = op.partition_key if op.has_partition_key else ""
        for result in check_gate.run_checks(runtime, runtime.store(), step, batch, run_id=context.run.run_id):
            yield dg.AssetCheckResult(asset_key=asset_key(runtime, step), **shown(result))

    return checks


def shown(result: "CheckResult") -> dict[str, Any]:
    """A check result as the arguments of Dagster's `AssetCheckResult` and `AssetCheckEvaluation`."""
    return {
        "check_name": result.name,
        "passed": result.passed,
        "severity": dg.AssetCheckSeverity.ERROR if result.is_blocking else dg.AssetCheckSeverity.WARN,
        "description": result.detail,
        "metadata": {"offending": result.n_offending, "examples": "\n".join(result.offending) or "none"},
    }
