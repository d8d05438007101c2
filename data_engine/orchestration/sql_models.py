"""The SQL models of a corpus as assets: one fat step, column lineage, and the SQL tests as checks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from data_engine.orchestration.automation.conditions import condition_for
from data_engine.orchestration.ui.metadata import preview
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import StepRun

if TYPE_CHECKING:
    import pyarrow as pa

    from data_engine.warehouse import ModelResult, SqlModel, SqlTest


@dataclass(frozen=True)
class SqlModels:
    """The assets and checks that the SQL models of a corpus give."""

    assets: tuple[dg.AssetsDefinition, ...]
    checks: tuple[dg.AssetChecksDefinition, ...]


def build_sql_models(runtime: CorpusRuntime) -> SqlModels:
    """All SQL models as one multi-asset, and all SQL tests as one op of checks."""
    from data_engine import warehouse

    models = warehouse.load_models(sql_folder(runtime))
    layers = {model.name: model.layer for model in models}
    specs = [
        dg.AssetSpec(
            runtime.key(model.layer, model.name),
            group_name=runtime.name("sql"),
            description=f"{model.description}\n\nOne row is {model.grain}.",
            deps=[
                *(runtime.key(layers[ref], ref) for ref in model.refs),
                *(runtime.key(source) for source in model.sources if source in _STEP_SOURCES),
            ],
            kinds={"sql", "duckdb"},
            automation_condition=condition_for(model.name),
        )
        for model in models
    ]

    @dg.multi_asset(specs=specs, name=runtime.name("sql_models"), can_subset=False)
    def sql_models(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        step_run = StepRun.begin(runtime, context, "sql_models")
        for result in warehouse.run_models(
            runtime.store(),
            models,
            run_id=context.run.run_id,
            review=_review_tables(runtime),
            variables=_variables(runtime),
        ):
            key = runtime.key(layers[result.name], result.name)
            yield dg.MaterializeResult(asset_key=key, metadata=_metadata(runtime, layers, result))
        step_run.record(len(models))

    return SqlModels(assets=(sql_models,), checks=_checks(runtime, layers, models))


def ask(runtime: CorpusRuntime, sql: str) -> "pa.Table":
    """Run one reading statement over the tables, the SQL models and the review queue of a corpus.

    Raises: SqlModelError when it is no reading statement or does not run.
    """
    from data_engine import warehouse

    models = warehouse.load_models(sql_folder(runtime))
    return warehouse.query(
        runtime.store(), sql, review=_review_tables(runtime), models=models, variables=_variables(runtime)
    )


_STEP_SOURCES = frozenset(
    (
        "raw_index", "first_pass", "embeddings", "drift_report", "cluster_tree", "balanced_subset", "reviewed_labels",
        "classifier", "proposals", "labels", "quality_report", "release",
    )
)  # fmt: skip


def sql_folder(runtime: CorpusRuntime) -> Path:
    """The project's own SQL models; the engine's where the project has none."""
    own = runtime.project_folder / "dbt_like_sql"
    return own if own.is_dir() else _ENGINE_SQL


_ENGINE_SQL = Path(__file__).resolve().parents[2] / "dbt_like_sql"


def _review_tables(runtime: CorpusRuntime) -> "dict[str, pa.Table]":
    with runtime.queue() as queue:
        return queue.tables()


def _variables(runtime: CorpusRuntime) -> dict[str, str]:
    return {"out_of_scope": runtime.corpus.labels.out_of_scope or ""}


def _metadata(runtime: CorpusRuntime, layers: dict[str, str], result: "ModelResult") -> dict[str, Any]:
    lineage = {
        column: [
            dg.TableColumnDep(
                runtime.key(layers[upstream], upstream) if upstream in layers else runtime.key(upstream),
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
        "columns come from": _sources_of_columns(result),
        "preview": preview(result.preview),
        "seconds": round(result.seconds, 3),
    }


def _sources_of_columns(result: "ModelResult") -> dg.TableMetadataValue:
    """The column lineage as a table, for those whose Dagster does not draw it."""
    records = [
        dg.TableRecord({"column": column, "comes from": ", ".join(f"{table}.{name}" for table, name in sources) or "-"})
        for column, sources in result.lineage.items()
    ]
    schema = dg.TableSchema([dg.TableColumn("column", "string"), dg.TableColumn("comes from", "string")])
    return dg.MetadataValue.table(records, schema=schema)


def _checks(
    runtime: CorpusRuntime, layers: dict[str, str], models: "tuple[SqlModel, ...]"
) -> tuple[dg.AssetChecksDefinition, ...]:
    from data_engine import warehouse

    tests = warehouse.load_tests(sql_folder(runtime))

    def asset_of(test: "SqlTest") -> dg.AssetKey:
        return runtime.key(layers[test.refs[0]], test.refs[0])

    specs = [
        dg.AssetCheckSpec(test.name, asset=asset_of(test), description=test.description, blocking=False)
        for test in tests
    ]

    @dg.multi_asset_check(specs=specs, name=runtime.name("sql_tests"), description="The SQL tests over the models.")
    def sql_tests(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        step_run = StepRun(runtime, "sql_tests", "", context.run.run_id, runtime.store())
        results = {
            r.name: r
            for r in warehouse.run_tests(
                runtime.store(), tests, models, review=_review_tables(runtime), variables=_variables(runtime)
            )
        }
        step_run.record(len(tests), failed=[name for name, result in results.items() if not result.passed])
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
