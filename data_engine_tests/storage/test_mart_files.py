import pyarrow as pa
import pytest

from data_engine.errors import InvalidInput, StorageError
from data_engine.storage.mart_files import mart_dataset, mart_names, mart_path, run_of_mart, write_mart


@pytest.mark.parametrize("name", ["", "Funnel", "1st", "../x", "a-b", "a" * 64])
def test_the_name_of_a_mart_is_lower_case_letters_digits_and_underscores(store, name):
    with pytest.raises(InvalidInput, match="is no name for a mart; use lower-case letters, digits and underscores"):
        mart_path(store, name)
    assert mart_path(store, "a" * 63).parent.name == "a" * 63


def test_a_mart_is_replaced_whole(any_store):
    assert mart_names(any_store) == []
    write_mart(any_store, "funnel", pa.table({"stage": ["raw"], "n_samples": [3]}))
    path = write_mart(any_store, "funnel", pa.table({"stage": ["raw", "kept"]}))

    assert path == any_store.folder / "marts" / "funnel" / "data.parquet"
    assert mart_names(any_store) == ["funnel"]
    assert mart_dataset(any_store, "funnel").to_table().to_pydict() == {"stage": ["raw", "kept"]}
    with pytest.raises(StorageError, match="opening mart pace failed"):
        mart_dataset(any_store, "pace")
    with pytest.raises(InvalidInput, match=r"'\.\./x' is no name for a mart"):
        write_mart(any_store, "../x", pa.table({}))


def test_a_mart_says_which_run_wrote_it(any_store):
    path = write_mart(any_store, "funnel", pa.table({"n": [1]}).replace_schema_metadata({"run_id": "r1"}))
    assert run_of_mart(any_store, "funnel") == "r1"
    path.write_bytes(path.read_bytes()[:-9])
    assert run_of_mart(any_store, "funnel") == run_of_mart(any_store, "pace") == ""
    write_mart(any_store, "funnel", pa.table({"n": [1]}))
    assert run_of_mart(any_store, "funnel") == ""
