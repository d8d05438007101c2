"""What reading the SQL of a folder of models and tests told, kept with the corpus until the SQL changes.

Parsing 34 models and following their columns takes longer than running them, and gives the same until a file, a
variable or a column of a table changes.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import xxhash

from data_engine.storage import TableStore
from data_engine.warehouse.lineage import Lineage
from data_engine.warehouse.models import SqlModel, SqlTest


def analysis_key(
    sql: Sequence[SqlModel | SqlTest], variables: Mapping[str, str] | None, columns: Mapping[str, Sequence[str]]
) -> str:
    """The name under which what was read of this SQL is kept: a fingerprint of all that it depends on.

    Args:
        sql: models and tests, in order.
        variables: values for `var()`.
        columns: columns of every table that they may read.
    """
    texts = [(type(each).__name__, each.name, each.sql_template) for each in sql]
    tables = sorted((name, list(names)) for name, names in columns.items())
    parts = [version("sqlglot"), texts, sorted((variables or {}).items()), tables]
    return f"sql-{xxhash.xxh3_128_hexdigest(json.dumps(parts).encode())}.json"


def known_lineages(store: TableStore, key: str) -> dict[str, Lineage] | None:
    """Where the columns of each model come from, by its name; None when this SQL was not read before."""
    content = store.learnt().get(key)
    if content is None:
        return None
    return {
        model: {column: [(table, name) for table, name in sources] for column, sources in lineage.items()}
        for model, lineage in json.loads(content).items()
    }


def keep_lineages(store: TableStore, key: str, lineages: Mapping[str, Lineage]) -> None:
    """Keep that this SQL parses, and where its columns come from."""
    store.learnt().put(key, json.dumps(lineages).encode())
