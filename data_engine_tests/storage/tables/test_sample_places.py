from hashlib import md5

import pyarrow as pa
import pytest
from flipped_bits import flip_a_bit
from schema_tables import table

from data_engine.errors import StorageError
from data_engine.storage.tables import sample_places
from data_engine.storage.tables.sample_places import start_of

IDS = [md5(str(number).encode()).hexdigest() for number in range(60)]


@pytest.fixture(params=["read whole", "by their places"])
def ledger(request, store, monkeypatch):
    """Two steps that decided about 60 samples, one of them in three batches, and then again in one."""
    if request.param == "by their places":
        monkeypatch.setattr(sample_places, "_FEW_FILES", 0)
    for batch in range(3):
        write(store, "raw_index", f"{batch}", IDS[20 * batch : 20 * batch + 20])
    write(store, "cluster_tree", "", IDS)
    return store


def write(store, step, batch, ids, reason="said"):
    rows = table("ledger", [{"sample_id": i, "step": step, "batch": batch, "reason": reason} for i in ids])
    store.write("ledger", rows, partition={"step": step, "batch": batch}, run_id="run", code_version="1")


def told(store, id_start):
    rows = store.read_about("ledger", id_start, columns=["step", "batch", "reason", "sample_id"])
    return [tuple(row.values()) for row in rows.to_pylist()]


def generations(store):
    return sorted(store.folder.glob("learnt/places-ledger-*"))


def test_every_sample_has_the_rows_that_the_whole_table_has_of_it(ledger):
    every = ledger.read("ledger", columns=["step", "batch", "reason", "sample_id"]).to_pylist()
    for sample_id in IDS:
        assert told(ledger, sample_id) == [tuple(r.values()) for r in every if r["sample_id"] == sample_id]
    assert told(ledger, "0" * 32) == []


@pytest.mark.parametrize("n_digits", [4, 5, 9, 10, 11])
def test_the_start_of_an_id_finds_all_that_begin_so(ledger, n_digits):
    begin = IDS[7][:n_digits]
    assert {row[3] for row in told(ledger, begin)} == {i for i in IDS if i.startswith(begin)}


def test_ids_that_are_no_numbers_are_found_too(ledger):
    write(ledger, "labels", "", ["a", "wörter", f"{IDS[0]}+crop", "z" * 40])
    assert told(ledger, "wört") == [("labels", "", "said", "wörter")]
    assert told(ledger, "zzzzzzzzzzz") == [("labels", "", "said", "z" * 40)]
    assert [row[3] for row in told(ledger, IDS[0])] == [IDS[0], f"{IDS[0]}+crop", IDS[0]]


def test_what_is_written_after_is_found_and_what_was_replaced_is_not(ledger):
    assert told(ledger, IDS[0]) == [("cluster_tree", "", "said", IDS[0]), ("raw_index", "0", "said", IDS[0])]
    write(ledger, "raw_index", "0", IDS[:10], reason="said again")
    assert told(ledger, IDS[0])[1] == ("raw_index", "0", "said again", IDS[0])
    assert told(ledger, IDS[15]) == [("cluster_tree", "", "said", IDS[15])]


def test_generations_are_merged_as_there_are_more_and_hold_no_rows_that_were_replaced(store, monkeypatch):
    monkeypatch.setattr(sample_places, "_FEW_FILES", 0)
    for number in range(12):
        write(store, "raw_index", f"{number}", IDS[number : number + 5])
        assert len(told(store, IDS[number])) == min(number + 1, 5)
        assert len(generations(store)) <= 4
    for number in range(12):
        write(store, "raw_index", f"{number}", [])
    write(store, "cluster_tree", "", IDS)
    assert told(store, IDS[3]) == [("cluster_tree", "", "said", IDS[3])]
    (only,) = generations(store)
    assert b"step=raw_index" not in only.read_bytes()


@pytest.mark.parametrize("place", [lambda size: 12, lambda size: size // 2], ids=["head", "entries"])
def test_a_damaged_generation_is_made_anew(store, monkeypatch, place, caplog):
    monkeypatch.setattr(sample_places, "_FEW_FILES", 0)
    write(store, "cluster_tree", "", IDS)
    before = [told(store, sample_id) for sample_id in IDS]
    flip_a_bit(generations(store)[0], place)
    assert [told(store, sample_id) for sample_id in IDS] == before
    assert "is damaged and is made anew" in caplog.text


def test_a_damaged_file_of_the_table_is_named(ledger):
    told(ledger, IDS[0])
    (file,) = ledger.path("ledger").glob("step=cluster_tree/**/*.parquet")
    flip_a_bit(file, lambda size: 40)
    with pytest.raises(StorageError, match=r"the file step=cluster_tree/.* of step 'cluster_tree'"):
        told(ledger, IDS[0])


def test_starts_of_ids_are_their_first_ten_digits():
    ids = pa.array(["0123456789abcdef", "ffffffffffffffff", "12"])
    assert start_of(ids).tolist() == [0x0123456789, 0xFFFFFFFFFF, 0x1200000000]
    assert start_of(ids.slice(1)).tolist() == [0xFFFFFFFFFF, 0x1200000000]
    assert start_of(ids.slice(0, 0)).tolist() == []
