import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from data_engine.review.queue_tables import UtcTime, metadata

POSTGRES = postgresql.dialect()


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_the_same_schema_compiles_for_postgres(table):
    statement = str(sa.schema.CreateTable(table).compile(dialect=POSTGRES))
    n_times = sum(isinstance(column.type, UtcTime) for column in table.columns)
    assert statement.count("TIMESTAMP WITH TIME ZONE") == n_times
    for index in table.indexes:
        compiled = str(sa.schema.CreateIndex(index).compile(dialect=POSTGRES))
        is_partial = index.name in ("review_lease_live", "review_lease_expiry")
        assert compiled.endswith("WHERE outcome IS NULL") is is_partial
