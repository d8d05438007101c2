import errno
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from data_engine.errors import ConcurrentWrite, InvalidInput, SchemaMismatch, StorageError
from data_engine.schemas import FIRST_PASS, LEDGER, PARTITION_COLUMNS, SCHEMAS
from data_engine.storage import TableStore, data_version
from data_engine.storage.tables import delta_commits
from data_engine.storage.tables.table_cache import opened

WRITE = {"run_id": "run-1", "code_version": "code-1"}


def _ids(table):
    return table["sample_id"].to_pylist()


def _partitions(store, name):
    """Values of the last partition column that have files, as Delta's log has them."""
    column = PARTITION_COLUMNS[name][-1]
    return sorted({piece[column] or "" for piece in opened(store.path(name)).partitions()})


def _decisions(step, batch, ids):
    rows = [
        {
            "sample_id": i,
            "step": step,
            "batch": batch,
            "verdict": "kept",
            "reason": "kept",
            "table_version": 1,
            "run_id": "run-1",
            "decided_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        for i in ids
    ]
    return pa.Table.from_pylist(rows, schema=LEDGER)


def test_what_is_written_is_read_back_in_the_exact_schema(any_store, verdicts):
    rows = verdicts("part-00", ["b", "a"])

    written = any_store.write("first_pass", rows, partition={"batch": "part-00"}, **WRITE)

    assert (written.version, written.n_rows, written.data_version) == (1, 2, data_version(rows))
    read = any_store.read("first_pass")
    assert read.schema.equals(FIRST_PASS, check_metadata=True)
    assert read.to_pylist() == rows.to_pylist()
    assert data_version(read) == written.data_version


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_table_can_be_written_empty_and_read_back(store, name):
    store.write(name, SCHEMAS[name].empty_table(), **WRITE)

    assert store.read(name).schema.equals(SCHEMAS[name])
    assert store.read(name).num_rows == 0
    assert store.exists(name)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_table_that_was_never_written_reads_as_empty(store, name):
    assert store.read(name).schema.equals(SCHEMAS[name])
    assert store.dataset(name).count_rows() == 0
    assert (store.exists(name), store.version(name), store.history(name)) == (False, None, [])


def test_a_partition_is_replaced_and_its_neighbour_is_not(any_store, verdicts):
    any_store.write("first_pass", verdicts("part-00", ["a", "b"]), partition={"batch": "part-00"}, **WRITE)
    any_store.write("first_pass", verdicts("part-01", ["c"]), partition={"batch": "part-01"}, **WRITE)

    any_store.write("first_pass", verdicts("part-00", ["d"]), partition={"batch": "part-00"}, **WRITE)

    assert _ids(any_store.read("first_pass")) == ["d", "c"]
    assert _ids(any_store.read("first_pass", partition={"batch": "part-01"})) == ["c"]
    assert any_store.read("first_pass", partition={"batch": "part-02"}).num_rows == 0
    assert _ids(any_store.read("first_pass", version=2)) == ["a", "b", "c"]
    assert _partitions(any_store, "first_pass") == ["part-00", "part-01"]


def test_without_a_partition_the_whole_table_is_replaced(any_store, verdicts):
    any_store.write("first_pass", verdicts("part-00", ["a"]), partition={"batch": "part-00"}, **WRITE)

    both = pa.concat_tables([verdicts("part-02", ["x"]), verdicts("part-01", ["y"])])
    any_store.write("first_pass", both, **WRITE)

    assert _ids(any_store.read("first_pass")) == ["y", "x"]


def test_a_partition_can_be_replaced_by_nothing(any_store, verdicts):
    any_store.write("first_pass", verdicts("part-00", ["a"]), partition={"batch": "part-00"}, **WRITE)
    any_store.write("first_pass", verdicts("part-00", []), partition={"batch": "part-00"}, **WRITE)

    assert any_store.read("first_pass").num_rows == 0
    assert _partitions(any_store, "first_pass") == []


def test_an_empty_partition_value_is_a_partition_like_any_other(any_store):
    for step, batch, ids in [("labels", "", ["a"]), ("labels", "part-00", ["b"]), ("release", "", ["c"])]:
        any_store.write("ledger", _decisions(step, batch, ids), partition={"step": step, "batch": batch}, **WRITE)

    any_store.write("ledger", _decisions("labels", "", ["d"]), partition={"step": "labels", "batch": ""}, **WRITE)

    assert any_store.read("ledger", columns=["step", "batch", "sample_id"]).to_pylist() == [
        {"step": "labels", "batch": "", "sample_id": "d"},
        {"step": "labels", "batch": "part-00", "sample_id": "b"},
        {"step": "release", "batch": "", "sample_id": "c"},
    ]
    assert _ids(any_store.read("ledger", partition={"batch": ""})) == ["d", "c"]
    assert _ids(any_store.read("ledger", partition={"step": "labels"})) == ["d", "b"]
    assert _partitions(any_store, "ledger") == ["", "part-00"]


@pytest.mark.parametrize(
    "batch", ["it's", "' OR '1'='1", "a/b", "..", "50%", "%41", "back\\slash", "a=b", "日本", "null", "x\ny", 'q"q']
)
def test_any_text_is_a_partition_value(store, verdicts, batch):
    store.write("first_pass", verdicts("other", ["o"]), partition={"batch": "other"}, **WRITE)
    for ids in (["a", "b"], ["c"]):
        store.write("first_pass", verdicts(batch, ids), partition={"batch": batch}, **WRITE)

    assert _ids(store.read("first_pass", partition={"batch": batch})) == ["c"]
    assert _partitions(store, "first_pass") == sorted([batch, "other"])
    assert sorted(_ids(store.read("first_pass"))) == ["c", "o"]


def test_columns_come_in_the_order_asked_for(store, verdicts):
    store.write("first_pass", verdicts("part-00", ["a"]), partition={"batch": "part-00"}, **WRITE)

    assert store.read("first_pass", columns=["uri", "sample_id"]).to_pylist() == [{"uri": "a.txt", "sample_id": "a"}]
    assert store.read("labels", columns=["label"]).column_names == ["label"]
    with pytest.raises(SchemaMismatch, match="first_pass has no column 'nope'; its columns are sample_id, batch"):
        store.read("first_pass", columns=["nope"])


def test_many_rows_keep_their_order(store, verdicts):
    n = 50_000
    ids = [f"{i:05d}" for i in np.random.default_rng(3).permutation(n)]

    store.write("first_pass", verdicts("part-00", ids), partition={"batch": "part-00"}, **WRITE)

    assert _ids(store.read("first_pass")) == ids


def test_encodings_are_made_plain_but_no_value_is_cast(store, verdicts):
    rows = verdicts("part-00", ["a", "b"])
    encoded = rows.set_column(0, "sample_id", rows["sample_id"].cast(pa.large_string()))
    encoded = encoded.set_column(3, "verdict", rows["verdict"].dictionary_encode()).select(rows.column_names[::-1])

    assert store.write("first_pass", encoded, **WRITE).data_version == data_version(rows)
    assert store.read("first_pass").to_pylist() == rows.to_pylist()


def _replaced(rows, name, column):
    return rows.set_column(rows.column_names.index(name), name, column)


def test_a_wrong_type_is_refused_with_both_types(store, verdicts):
    wrong = _replaced(verdicts("part-00", ["a"]), "n_chars", pa.array([1.7]))

    with pytest.raises(SchemaMismatch, match="column 'n_chars' of first_pass is double but its schema says int64"):
        store.write("first_pass", wrong, partition={"batch": "part-00"}, **WRITE)
    assert not store.exists("first_pass")


def test_nulls_in_a_required_column_are_refused_with_their_number(store, verdicts):
    wrong = _replaced(verdicts("part-00", ["a", "b", "c"]), "reason", pa.array(["kept", None, None]))

    with pytest.raises(SchemaMismatch, match="column 'reason' of first_pass is null in 2 of 3 rows but is required"):
        store.write("first_pass", wrong, partition={"batch": "part-00"}, **WRITE)


def test_a_missing_and_an_unknown_column_are_refused(store, verdicts):
    rows = verdicts("part-00", ["a"])

    with pytest.raises(SchemaMismatch, match="column 'uri' of first_pass is missing"):
        store.write("first_pass", rows.drop_columns(["uri"]), **WRITE)
    with pytest.raises(SchemaMismatch, match="column 'colour' of first_pass is not in its schema"):
        store.write("first_pass", rows.append_column("colour", pa.array(["red"])), **WRITE)
    with pytest.raises(SchemaMismatch, match="there is no table 'nope'; the tables are accepted_versions, "):
        store.write("nope", rows, **WRITE)


def test_rows_of_another_partition_are_refused(store, verdicts):
    with pytest.raises(SchemaMismatch, match=r"column 'batch' of first_pass is 'part-01' in 1 of 1 rows, .*'part-00'"):
        store.write("first_pass", verdicts("part-01", ["a"]), partition={"batch": "part-00"}, **WRITE)


def test_a_partition_that_the_table_does_not_have_is_refused(store):
    with pytest.raises(InvalidInput, match="labels is not partitioned by 'batch'; read and write it whole"):
        store.read("labels", partition={"batch": "part-00"})
    with pytest.raises(InvalidInput, match="ledger is not partitioned by 'day'; its partition columns are step, batch"):
        store.read("ledger", partition={"day": "monday"})


def test_a_table_of_an_older_engine_is_not_cast_in_silence(store, verdicts):
    older = pa.schema([f if f.name != "n_chars" else pa.field("n_chars", pa.int32()) for f in FIRST_PASS])
    DeltaTable.create(str(store.path("first_pass")), schema=older, partition_by=["batch"])

    with pytest.raises(SchemaMismatch, match="column 'n_chars' of first_pass is int64 in its schema but not in the"):
        store.write("first_pass", verdicts("part-00", ["a"]), partition={"batch": "part-00"}, **WRITE)


def test_a_column_that_an_older_engine_did_not_have_is_null_in_what_it_wrote(any_store, verdicts, monkeypatch):
    older = pa.schema([field for field in FIRST_PASS if field.name not in ("language", "sketch")])
    with monkeypatch.context() as patch:
        patch.setitem(SCHEMAS, "first_pass", older)
        rows = verdicts("part-00", ["a"]).select(older.names)
        any_store.write("first_pass", rows, partition={"batch": "part-00"}, **WRITE)
    assert any_store.read("first_pass").to_pylist() == verdicts("part-00", ["a"]).to_pylist()

    told = verdicts("part-01", ["b"])
    told = told.set_column(told.schema.get_field_index("language"), FIRST_PASS.field("language"), pa.array(["en"]))
    any_store.write("first_pass", told, partition={"batch": "part-01"}, opened=any_store.open("first_pass"), **WRITE)
    assert any_store.read("first_pass")["language"].to_pylist() == [None, "en"]


def test_the_history_says_who_wrote_what(any_store, verdicts):
    rows = verdicts("part-00", ["a", "b"])
    any_store.write("first_pass", rows, partition={"batch": "part-00"}, run_id="run-7", code_version="code-3")

    last, first = any_store.history("first_pass")

    assert (last.version, last.run_id, last.code_version, last.n_rows) == (1, "run-7", "code-3", 2)
    assert (last.partition, last.data_version) == ({"batch": "part-00"}, data_version(rows))
    assert (first.version, first.run_id, first.n_rows) == (0, "", None)
    assert last.committed_at.tzinfo is UTC


def test_an_unknown_version_is_an_error(any_store, verdicts):
    with pytest.raises(StorageError, match=r"version 3 of labels is asked for, but .* does not exist"):
        any_store.read("labels", version=3)
    any_store.write("first_pass", verdicts("part-00", ["a"]), **WRITE)
    with pytest.raises(StorageError, match=r"opening first_pass failed at .*nothing was changed"):
        any_store.read("first_pass", version=9)


def test_the_loser_of_a_race_for_one_partition_is_told_who_won(any_store, verdicts):
    any_store.write("first_pass", verdicts("part-00", ["a"]), partition={"batch": "part-00"}, **WRITE)
    opened = any_store.open("first_pass")
    any_store.write(
        "first_pass", verdicts("part-00", ["b"]), partition={"batch": "part-00"}, run_id="fast", code_version="1"
    )

    with pytest.raises(ConcurrentWrite, match="run fast committed version 2 of batch 'part-00' of first_pass"):
        any_store.write(
            "first_pass",
            verdicts("part-00", ["c"]),
            partition={"batch": "part-00"},
            run_id="slow",
            code_version="1",
            opened=opened,
        )
    assert _ids(any_store.read("first_pass")) == ["b"]


def test_a_race_for_the_first_version_of_a_table_has_one_winner(any_store, verdicts):
    opened = any_store.open("labels"), any_store.open("first_pass")
    any_store.write("first_pass", verdicts("part-00", ["b"]), run_id="fast", code_version="1")

    with pytest.raises(ConcurrentWrite, match="run fast committed version 1 of first_pass after this run had read it"):
        any_store.write("first_pass", verdicts("part-00", ["c"]), run_id="slow", code_version="1", opened=opened[1])
    with pytest.raises(InvalidInput, match="opened is a handle of 'labels' but 'first_pass' is written"):
        any_store.write("first_pass", verdicts("part-00", ["c"]), run_id="slow", code_version="1", opened=opened[0])


def test_writes_to_other_partitions_are_no_race(any_store, verdicts):
    opened = any_store.open("first_pass")
    any_store.write(
        "first_pass", verdicts("part-00", ["a"]), partition={"batch": "part-00"}, run_id="1", code_version="1"
    )

    for batch in ("part-01", "part-02"):
        any_store.write(
            "first_pass",
            verdicts(batch, [batch]),
            partition={"batch": batch},
            run_id="2",
            code_version="1",
            opened=opened,
        )

    assert _ids(any_store.read("first_pass")) == ["a", "part-01", "part-02"]


def test_a_run_may_write_its_own_piece_twice(any_store, verdicts):
    opened = any_store.open("first_pass")
    for ids in (["a"], ["b"]):
        any_store.write("first_pass", verdicts("p", ids), partition={"batch": "p"}, **WRITE, opened=opened)

    assert _ids(any_store.read("first_pass")) == ["b"]


def test_a_full_disk_is_an_error_that_says_what_where_and_that_nothing_is_lost(store, verdicts, monkeypatch):
    store.write("first_pass", verdicts("part-00", ["a"]), partition={"batch": "part-00"}, **WRITE)

    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(delta_commits, "write_files", full)
    expected = (
        r"writing batch 'part-00' of first_pass failed at .*shop/tables/first_pass: the disk is full "
        r"\([\d,.]+ MB free now\); what was committed before is intact: free some space and run it again"
    )
    with pytest.raises(StorageError, match=expected):
        store.write("first_pass", verdicts("part-00", ["b"]), partition={"batch": "part-00"}, **WRITE)
    monkeypatch.undo()
    assert _ids(store.read("first_pass")) == ["a"]


def test_a_data_file_that_is_gone_is_a_storage_error(any_store, verdicts):
    any_store.write("first_pass", verdicts("part-00", ["a"]), partition={"batch": "part-00"}, **WRITE)
    for file in any_store.path("first_pass").rglob("*.parquet"):
        file.unlink()

    with pytest.raises(StorageError, match="reading first_pass failed at "):
        any_store.read("first_pass")


def test_the_data_folder_may_have_spaces_but_no_percent_sign(tmp_path, verdicts):
    store = TableStore(tmp_path / "my data #1", "shop")
    store.write("first_pass", verdicts("part-00", ["a"]), **WRITE)

    assert _ids(store.read("first_pass")) == ["a"]
    with pytest.raises(InvalidInput, match="percent sign"):
        TableStore(tmp_path / "my%20data", "shop")


def test_texts_are_not_copied_into_the_log(store, verdicts):
    store.write("first_pass", _replaced(verdicts("p", ["a"]), "reason", pa.array(["a secret"])), **WRITE)

    logs = sorted((store.path("first_pass") / "_delta_log").glob("*.json"))
    assert all("secret" not in log.read_text("utf-8") for log in logs)


def test_every_partition_column_is_a_required_text_of_its_table():
    for name, columns in PARTITION_COLUMNS.items():
        assert all(SCHEMAS[name].field(column).type == pa.string() for column in columns)


def test_only_rows_with_one_of_the_values_are_read(any_store, verdicts):
    for batch, ids in {"a": ["s1", "s2"], "b": ["s3"]}.items():
        any_store.write("first_pass", verdicts(batch, ids), partition={"batch": batch}, **WRITE)
    wanted = {"sample_id": pa.array(["s3", "s1", "s9"])}
    assert _ids(any_store.read("first_pass", among=wanted)) == ["s1", "s3"]
    assert _ids(any_store.read("first_pass", columns=["sample_id"], partition={"batch": "b"}, among=wanted)) == ["s3"]
