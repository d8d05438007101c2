"""Old versions of tables go from the disk at once, and what the newest holds stays readable."""

from data_engine.storage.cleaning.old_versions import delete_old_versions, empty_piece, pieces_of


def test_of_a_piece_that_is_emptied_no_file_stays_and_the_others_are_read_as_before(store, verdicts):
    assert pieces_of(store, "first_pass") == []
    for batch, ids in (("p", "abc"), ("o", "d"), ("p", "ab")):
        store.write("first_pass", verdicts(batch, list(ids)), partition={"batch": batch}, run_id="r", code_version="1")
    assert pieces_of(store, "first_pass") == [{"batch": "o"}, {"batch": "p"}]
    empty_piece(store, "first_pass", {"batch": "o"}, run_id="r")
    delete_old_versions(store, "first_pass")
    (only,) = store.path("first_pass").rglob("part-*.parquet")
    assert only.parent.name == "batch=p"
    assert pieces_of(store, "first_pass") == [{"batch": "p"}]
    assert store.read("first_pass", at={"p": 3})["sample_id"].to_pylist() == ["a", "b"]
    # Of a table that was never written there is nothing to do.
    empty_piece(store, "labels", {}, run_id="r")
    delete_old_versions(store, "labels")
