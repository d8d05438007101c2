"""The SQL models of a corpus as one multi-asset with column lineage, and the SQL tests as checks.

Running them is in `runtime/sql_models.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from data_engine.orchestration.automation.conditions import on_accepted_input
from data_engine.orchestration.lineage.open_lineage import emit
from data_engine.orchestration.lineage.step_columns import sources_as_table
from data_engine.orchestration.names import asset_key, corpus_name
from data_engine.orchestration.ui.metadata import preview
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.sql_models import models_of, run_models, run_tests, sql_tests_of

if TYPE_CHECKING:
    from data_engine.warehouse import ModelResult, SqlModel, SqlTest


@dataclass(frozen=True)
class SqlModels:
    """The assets and checks that the SQL models of a corpus give."""

    assets: tuple[dg.AssetsDefinition, ...]
    checks: tuple[dg.AssetChecksDefinition, ...]


def build_sql_models(runtime: CorpusRuntime) -> SqlModels:
    """All SQL models as one multi-asset, and all SQL tests as one op of checks."""
    models = models_of(runtime)
    layers = {model.name: model.layer for model in models}
    specs = [
        dg.AssetSpec(
            asset_key(runtime, model.layer, model.name),
            group_name=corpus_name(runtime, "sql"),
            description=f"{model.description}\n\nOne row is {model.grain}.",
            deps=[
                *(asset_key(runtime, layers[ref], ref) for ref in model.refs),
                *(asset_key(runtime, source) for source in model.sources if source in runtime.steps),
            ],
            kinds={"sql", "duckdb"},
            automation_condition=on_accepted_input(),
        )
        for model in models
    ]

    @dg.multi_asset(specs=specs, name=corpus_name(runtime, "sql_models"), can_subset=False)
    def sql_models(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        for result in run_models(runtime, models, run_id=context.run.run_id):
            key = asset_key(runtime, layers[result.name], result.name)
            _emit(key, layers, result, context.run.run_id)
            yield dg.MaterializeResult(asset_key=key, metadata=_metadata(runtime, layers, result))

    return SqlModels(assets=(sql_models,), checks=_checks(runtime, layers, models))


def _emit(key: dg.AssetKey, layers: dict[str, str], result: "ModelResult", run_id: str) -> None:
    named = {
        column: [(f"{layers[of]}.{of}" if of in layers else of, name) for of, name in pairs]
        for column, pairs in result.lineage.items()
    }
    emit(key.path, result.columns, named, run_id=run_id, n_rows=result.n_rows)


def _metadata(runtime: CorpusRuntime, layers: dict[str, str], result: "ModelResult") -> dict[str, Any]:
    lineage = {
        column: [
            dg.TableColumnDep(
                asset_key(runtime, layers[upstream], upstream) if upstream in layers else asset_key(runtime, upstream),
                upstream_column,
            )
            for upstream, upstream_column in sources
        ]
        for column, sources in result.lineage.items()
    }
    columns = [dg.TableColumn(name, kind) for name, kind in result.columns.items()]
    return {
        "dagster/row_count": result.n_rows,
        "dagster/column_schema": dg.TableSchema(columns),
        "dagster/column_lineage": dg.TableColumnLineage(lineage),
        "columns come from": sources_as_table(result.lineage),
        "preview": preview(result.preview),
        "seconds": round(result.seconds, 3),
    }


def _checks(
    runtime: CorpusRuntime, layers: dict[str, str], models: "tuple[SqlModel, ...]"
) -> tuple[dg.AssetChecksDefinition, ...]:
    tests = sql_tests_of(runtime)

    def asset_of(test: "SqlTest") -> dg.AssetKey:
        return asset_key(runtime, layers[test.refs[0]], test.refs[0])

    specs = [
        dg.AssetCheckSpec(test.name, asset=asset_of(test), description=test.description, blocking=False)
        for test in tests
    ]

    @dg.multi_asset_check(
        specs=specs, name=corpus_name(runtime, "sql_tests"), description="The SQL tests over the models."
    )
    def sql_tests(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        results = run_tests(runtime, tests, models, run_id=context.run.run_id)
        for test in tests:
            result = results[test.name]
            yield dg.AssetCheckResult(
                asset_key=asset_of(test),
                check_name=test.name,
                passed=result.passed,
                severity=dg.AssetCheckSeverity.ERROR,
                description=_said_of(test, result.n_offending),
                metadata={"offending rows": result.n_offending, "rows": dg.MetadataValue.json(list(result.rows))},
            )

    return (sql_tests,)


def _said_of(test: "SqlTest", n_offending: int) -> str:
    """The sentence of a test; of one that fails also how many rows break it, and where they are found."""
    if not n_offending:
        return test.description
    rows = "row breaks" if n_offending == 1 else "rows break"
    return f"{test.description} {n_offending:,} {rows} it; {test.path.name} selects them, as does its check in the UI"
