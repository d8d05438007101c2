"""SQL over the tables of a corpus: an in-memory DuckDB on the Delta tables, and the models of `dbt_like_sql/`.

Loading models and tests is cheap; DuckDB and sqlglot are imported when something runs.
"""

from typing import TYPE_CHECKING, Any

from data_engine.warehouse.models import SqlModel, SqlTest, load_models, load_tests

if TYPE_CHECKING:
    from data_engine.warehouse.connection import open_warehouse
    from data_engine.warehouse.lineage import column_lineage
    from data_engine.warehouse.model_runs import ModelResult, TestResult, run_models, run_tests
    from data_engine.warehouse.queries import query

__all__ = [
    "ModelResult",
    "SqlModel",
    "SqlTest",
    "TestResult",
    "column_lineage",
    "load_models",
    "load_tests",
    "open_warehouse",
    "query",
    "run_models",
    "run_tests",
]

_MODULES = {
    "ModelResult": "model_runs",
    "TestResult": "model_runs",
    "column_lineage": "lineage",
    "open_warehouse": "connection",
    "query": "queries",
    "run_models": "model_runs",
    "run_tests": "model_runs",
}


def __getattr__(name: str) -> Any:
    """Import what runs SQL only when it is asked for."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
