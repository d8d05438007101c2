import pyarrow as pa
import pytest

from data_engine.storage import data_version

ROWS = pa.table(
    {
        "name": pa.array(["a", None, "", "äö", "b"], pa.string()),
        "flag": pa.array([True, None, False, True, True], pa.bool_()),
        "number": pa.array([1, 2, None, 4, 5], pa.int64()),
        "share": pa.array([0.5, None, 1.5, -2.0, 0.0], pa.float32()),
        "ids": pa.array([["x", None], None, [], ["y"], ["z"]], pa.list_(pa.string())),
        "bytes": pa.array([b"\0", b"", None, b"ab", b"c"], pa.binary()),
        "pair": pa.array([{"l": 1}, None, {"l": None}, {"l": 4}, {"l": 5}], pa.struct([pa.field("l", pa.int32())])),
    }
)


def test_it_is_sixteen_hex_digits_and_the_same_every_time():
    assert data_version(ROWS) == data_version(ROWS)
    assert len(data_version(ROWS)) == 16
    assert int(data_version(ROWS), 16) >= 0


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 5])
def test_chunking_does_not_change_it(cut):
    assert data_version(pa.concat_tables([ROWS.slice(0, cut), ROWS.slice(cut)])) == data_version(ROWS)


@pytest.mark.parametrize(("start", "length"), [(0, 2), (1, 3), (2, 3), (4, 1), (5, 0)])
def test_a_slice_has_the_version_of_a_copy_of_it(start, length):
    copy = pa.Table.from_pylist(ROWS.slice(start, length).to_pylist(), schema=ROWS.schema)

    assert data_version(ROWS.slice(start, length)) == data_version(copy)


def test_dictionary_and_large_types_do_not_change_it():
    encoded = ROWS.set_column(0, "name", ROWS["name"].dictionary_encode())
    encoded = encoded.set_column(5, "bytes", ROWS["bytes"].cast(pa.large_binary()))
    encoded = encoded.set_column(4, "ids", ROWS["ids"].cast(pa.large_list(pa.large_string())))

    assert data_version(encoded) == data_version(ROWS)


def test_what_lies_under_a_null_does_not_change_it():
    hidden = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(b"\x07" + b"\x01" * 15)])
    clean = pa.array([hidden[0].as_py(), None], pa.int64())

    assert hidden.to_pylist() == clean.to_pylist()
    assert data_version(pa.table({"n": hidden})) == data_version(pa.table({"n": clean}))


def _changed(position, column, value):
    rows = ROWS.to_pylist()
    rows[position] = {**rows[position], column: value}
    return pa.Table.from_pylist(rows, schema=ROWS.schema)


OTHERS = {
    "a value": _changed(0, "name", "b"),
    "a null for an empty string": _changed(2, "name", None),
    "an empty string for a null": _changed(1, "name", ""),
    "a null for false": _changed(2, "flag", None),
    "a zero for a null": _changed(2, "number", 0),
    "an empty list for a null": _changed(1, "ids", []),
    "where a text ends": _changed(3, "name", "ä"),
    "a field of a struct": _changed(0, "pair", {"l": 2}),
    "a null struct": _changed(2, "pair", None),
    "the row order": ROWS.take([1, 0, 2, 3, 4]),
    "a missing row": ROWS.slice(0, 4),
    "a column name": ROWS.rename_columns(["title", *ROWS.column_names[1:]]),
    "a type": ROWS.set_column(2, "number", ROWS["number"].cast(pa.int32())),
    "the column order": ROWS.select([*ROWS.column_names[1:], "name"]),
}


@pytest.mark.parametrize("what", OTHERS)
def test_it_changes_with(what):
    assert data_version(OTHERS[what]) != data_version(ROWS)


def test_text_moved_between_two_rows_changes_it():
    assert data_version(pa.table({"t": ["ab", "c"]})) != data_version(pa.table({"t": ["a", "bc"]}))


def test_an_empty_table_has_a_version_of_its_own_schema():
    assert data_version(ROWS.slice(0, 0)) == data_version(ROWS.schema.empty_table())
    assert data_version(ROWS.slice(0, 0)) != data_version(ROWS.select(["name"]).slice(0, 0))


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 5])
def test_maps_in_several_chunks_have_the_version_that_they_have_in_one(cut):
    scores = [[("a", 1.0), ("b", None)], None, [("c", 3.0)], [], [("d", 4.0)]]
    rows = pa.table({"scores": pa.array(scores, pa.map_(pa.string(), pa.float64()))})
    assert data_version(pa.concat_tables([rows.slice(0, cut), rows.slice(cut)])) == data_version(rows)
    assert data_version(rows) == "994d6fd34361d270"
    assert data_version(rows.slice(cut)) != data_version(rows) or cut == 0
