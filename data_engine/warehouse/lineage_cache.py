"""Column lineages of a folder of models and tests, kept with the corpus until the SQL changes.

Parsing 34 models and following their columns takes longer than running them, and gives the same until a file, a
variable or a column of a table changes.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import xxhash

from data_engine.storage import TableStore
from data_engine.warehouse import lineage
from data_engine.warehouse.lineage import Lineage
from data_engine.warehouse.models import SqlModel, SqlTest

logger = logging.getLogger(__name__)

#: What this process has read, for the other corpora that it runs.
_READ: dict[str, Mapping[str, Lineage]] = {}


def analysis_key(
    kind: Literal["models", "tests"],
    sql: Sequence[SqlModel | SqlTest],
    variables: Mapping[str, str] | None,
    columns: Mapping[str, Sequence[str]],
) -> str:
    """The name under which what was read of this SQL is kept: a fingerprint of all that it depends on.

    Args:
        kind: what is run; of each kind one analysis is kept.
        sql: models and tests, in order.
        variables: values for `var()`.
        columns: columns of every table that they may read.
    """
    texts = [(each.name, each.sql_template) for each in sql]
    tables = sorted((name, list(names)) for name, names in columns.items())
    code = xxhash.xxh3_128_hexdigest(Path(lineage.__file__).read_bytes())
    parts = [version("sqlglot"), code, texts, sorted((variables or {}).items()), tables]
    return f"sql-{kind}-{xxhash.xxh3_128_hexdigest(json.dumps(parts).encode())}.json"


def known_lineages(store: TableStore, key: str) -> dict[str, Lineage] | None:
    """Where the columns of each model come from, by its name; None when this SQL was not read before."""
    content = store.artefacts().get(key)
    if content is None and key in _READ:
        keep_lineages(store, key, _READ[key])
        return dict(_READ[key])
    if content is None:
        return None
    try:
        return {
            model: {column: [(table, name) for table, name in sources] for column, sources in told.items()}
            for model, told in json.loads(content).items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        logger.warning("%s is damaged; the SQL is read anew (%s)", key, error)
        return None


def keep_lineages(store: TableStore, key: str, lineages: Mapping[str, Lineage]) -> None:
    """Keep that this SQL parses, and where its columns come from, in the place of what was kept before."""
    kind, _READ[key] = key.rpartition("-")[0], dict(lineages)
    store.artefacts().put_instead(key, json.dumps(lineages).encode(), of=f"{kind}-*.json")
