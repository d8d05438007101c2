"""From which columns of which tables and models each column of a model comes, by reading its SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from data_engine.errors import SqlModelError
from data_engine.warehouse.models import SqlModel, SqlTest

Lineage = dict[str, list[tuple[str, str]]]


def column_lineage(model: SqlModel, models: Sequence[SqlModel], schemas: Mapping[str, pa.Schema]) -> Lineage:
    """The columns one step upstream that each column of a model is computed from.

    Args:
        model: The model.
        models: All models, each after those it refers to.
        schemas: Arrow schema of every source by name, review tables included.

    Returns: For each column of the model a sorted list of (table or model, column); empty for constants and for
        counts of rows.

    Raises: SqlModelError naming the file, when its SQL does not parse or a column cannot be found.
    """
    needed = _with_ancestors(model, {other.name: other for other in models})
    columns = {name: list(schema.names) for name, schema in schemas.items()}
    for upstream in (other for other in models if other.name in needed and other.name != model.name):
        columns[upstream.name] = list(_qualified(upstream, columns).named_selects)
    return lineage_of(model, columns)


def lineage_of(model: SqlModel, columns: Mapping[str, Sequence[str]]) -> Lineage:
    """As `column_lineage`, where the columns of everything upstream are known.

    Raises: SqlModelError naming the file.
    """
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage
    from sqlglot.optimizer.scope import build_scope

    tree = _qualified(model, columns)
    try:
        roots = lineage(None, tree, {}, scope=build_scope(tree), dialect="duckdb", trim_selects=False, copy=False)
    except (SqlglotError, ValueError, RecursionError) as error:
        raise SqlModelError(
            f"where the columns of {model.path} come from cannot be found ({error}); write it more plainly"
        ) from error
    upstream = {*model.refs, *model.sources}
    return {column: sorted(leaf for leaf in _leaves(root) if leaf[0] in upstream) for column, root in roots.items()}


def _leaves(root: Any) -> set[tuple[str, str]]:
    """(table, column) at the ends of a lineage graph; a recursive query makes it a graph with circles."""
    from sqlglot import exp

    seen, waiting, leaves = set(), [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        waiting += node.downstream
        if isinstance(node.expression, exp.Table):
            leaves.add((node.expression.name, node.name.rsplit(".", 1)[-1].strip('"')))
    return leaves


def parse(model: SqlModel | SqlTest, variables: Mapping[str, str] | None = None) -> Any:
    """The syntax tree of a model or test.

    Raises: SqlModelError naming the file, when it does not parse or is not one SELECT.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(model.sql(variables), dialect="duckdb")
    except SqlglotError as error:
        raise SqlModelError(f"{model.path} does not parse: {error}; correct the SQL") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SqlModelError(f"{model.path} is not one SELECT; keep one SELECT per file")
    return statements[0]


def _qualified(model: SqlModel, columns: Mapping[str, Sequence[str]]) -> Any:
    """The syntax tree with every column under its table and every star written out."""
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify

    schema = {name: dict.fromkeys(columns[name], "VARCHAR") for name in (*model.refs, *model.sources)}
    try:
        return qualify(parse(model), schema=schema, dialect="duckdb", quote_identifiers=False, identify=False)
    except SqlglotError as error:
        raise SqlModelError(f"the columns of {model.path} cannot be resolved: {error}; correct the SQL") from error


def _with_ancestors(model: SqlModel, models: Mapping[str, SqlModel]) -> set[str]:
    found = {model.name}
    waiting = list(model.refs)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += models[name].refs
    return found
