import pyarrow as pa
import pytest
from schema_tables import table

from data_engine.errors import SchemaMismatch
from data_engine.schemas import EMBEDDINGS
from data_engine.storage.schema_check import conform, refuse_other_pieces, schema_of

ROWS = table("embeddings", [{"sample_id": "a", "batch": "may", "dim": 2}])


def test_a_table_has_its_schema_and_an_unknown_one_is_answered_with_those_there_are() -> None:
    assert schema_of("embeddings") is EMBEDDINGS
    with pytest.raises(SchemaMismatch, match="there is no table 'vectors'; the tables are accepted_versions, "):
        schema_of("vectors")


def test_the_order_of_columns_and_the_encoding_of_values_may_differ() -> None:
    columns = {name: ROWS[name] for name in reversed(ROWS.column_names)}
    columns["batch"] = pa.array(["may"]).dictionary_encode()
    columns["sample_id"] = pa.array(["a"], pa.large_string())
    assert conform("embeddings", pa.table(columns)).equals(ROWS)


def test_a_number_of_another_width_is_refused_and_not_cast() -> None:
    wide = ROWS.set_column(3, "dim", pa.array([2], pa.int64()))
    with pytest.raises(SchemaMismatch, match="column 'dim' of embeddings is int64 but its schema says int32; cast it"):
        conform("embeddings", wide)


def test_nulls_columns_too_few_too_many_and_twice_are_refused_by_name() -> None:
    null = ROWS.set_column(4, "encoder_version", pa.nulls(1, pa.string()))
    with pytest.raises(SchemaMismatch, match="column 'encoder_version' of embeddings is null in 1 of 1 rows but is"):
        conform("embeddings", null)
    with pytest.raises(SchemaMismatch, match=r"column 'dim' of embeddings is missing \(1 such: dim\)"):
        conform("embeddings", ROWS.drop_columns(["dim"]))
    with pytest.raises(SchemaMismatch, match="column 'norm' of embeddings is not in its schema"):
        conform("embeddings", ROWS.append_column("norm", pa.array([1.0])))
    with pytest.raises(SchemaMismatch, match="column 'dim' of embeddings comes more than once"):
        conform("embeddings", ROWS.append_column("dim", ROWS["dim"]))


def test_rows_of_another_partition_are_refused_with_their_number() -> None:
    refuse_other_pieces("embeddings", ROWS, {"batch": "may"})
    told = "column 'batch' of embeddings is 'may' in 1 of 1 rows, but the partition to be written is 'june'"
    with pytest.raises(SchemaMismatch, match=told):
        refuse_other_pieces("embeddings", ROWS, {"batch": "june"})
