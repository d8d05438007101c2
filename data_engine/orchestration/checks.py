"""The checks of a step: its Great Expectations suite, run as one op, one asset check per truth."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from data_engine.orchestration import gates
from data_engine.orchestration.bench import Bench
from data_engine.quality import CHECKS

if TYPE_CHECKING:
    from data_engine.quality import CheckResult


def build_checks(bench: Bench, step: str) -> dg.AssetChecksDefinition:
    """All asset checks of one step; the blocking ones hold back what follows in the same run and in every other."""
    specs = [
        dg.AssetCheckSpec(
            check.name,
            asset=bench.key(step),
            description=check.sentence,
            blocking=check.is_blocking,
            partitions_def=bench.partitions_of(step),
        )
        for check in CHECKS[step]
    ]

    @dg.multi_asset_check(name=f"{bench.corpus.name}__{step}_checks", specs=specs, description=f"the suite of {step}")
    def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        op = context.op_execution_context
        batch = op.partition_key if op.has_partition_key else ""
        for result in gates.evaluate_and_keep(bench, bench.store(), step, batch, run_id=context.run.run_id):
            yield dg.AssetCheckResult(asset_key=bench.key(step), **shown(result))

    return checks


def shown(result: "CheckResult") -> dict[str, Any]:
    """What Dagster is told of a check, as arguments of its result and of its evaluation."""
    return {
        "check_name": result.name,
        "passed": result.passed,
        "severity": dg.AssetCheckSeverity.ERROR if result.is_blocking else dg.AssetCheckSeverity.WARN,
        "description": result.detail,
        "metadata": {"offending": result.n_offending, "examples": "\n".join(result.offending) or "none"},
    }
