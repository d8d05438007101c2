"""Column lineage of the tables of steps as Dagster's metadata; that of SQL models is in `orchestration/sql_models.py`.

What comes from what is declared in `data_engine.schemas.column_sources`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from data_engine.orchestration.names import asset_key, steps_read
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import STEPS
from data_engine.schemas import SCHEMAS
from data_engine.schemas.column_sources import SOURCE, column_sources


def sources_of_step(runtime: CorpusRuntime, step: str) -> dict[str, list[tuple[str, str]]]:
    """The assets and columns that each column of a step's table comes from, of those that the corpus has.

    Returns: by column, pairs of an asset's key without the corpus, joined by dots, and its column. What raw samples are
        read from is no asset; it is called `source`.
    """
    found = column_sources(step, STEPS[step].reads, SCHEMAS)
    return {
        column: [pair for of, name in pairs for pair in _named(runtime, of, name)] for column, pairs in found.items()
    }


def _named(runtime: CorpusRuntime, of: str, name: str) -> list[tuple[str, str]]:
    if of == SOURCE:
        return [(SOURCE, name)]
    # Of several questions, the tables of each.
    return [(".".join(asset_key(each, step).path[1:]), name) for each, step in steps_read(runtime, [of])]


def lineage_of_step(runtime: CorpusRuntime, step: str) -> dg.TableColumnLineage:
    """The same as Dagster draws it; what raw samples are read from is no asset, and is left out."""
    corpus = asset_key(runtime, step).path[0]
    deps = {
        column: [dg.TableColumnDep(dg.AssetKey([corpus, *of.split(".")]), name) for of, name in pairs if of != SOURCE]
        for column, pairs in sources_of_step(runtime, step).items()
    }
    return dg.TableColumnLineage(deps)


def lineage_metadata(runtime: CorpusRuntime, step: str) -> dict[str, Any]:
    """The metadata of an asset that says where its columns come from: for the graph of Dagster, and as a table."""
    sources = sources_as_table(sources_of_step(runtime, step))
    return {"dagster/column_lineage": lineage_of_step(runtime, step), "columns come from": sources}


def sources_as_table(found: Mapping[str, Sequence[tuple[str, str]]]) -> dg.TableMetadataValue:
    """Column lineage as a table, for those whose Dagster does not draw it."""
    records = [
        dg.TableRecord({"column": column, "comes from": ", ".join(f"{of}.{name}" for of, name in pairs) or "-"})
        for column, pairs in found.items()
    ]
    schema = dg.TableSchema([dg.TableColumn("column", "string"), dg.TableColumn("comes from", "string")])
    return dg.MetadataValue.table(records, schema=schema)
