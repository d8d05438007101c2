import shutil
from datetime import UTC, datetime

import pytest

from data_engine.storage import vacuum
from data_engine.storage.presence import why_rows_are_lost, why_table_is_lost

PIECE = {"batch": "may"}


def _write(store, verdicts, batch="may", ids="ab", run_id="run"):
    rows = verdicts(batch, list(ids))
    return store.write("first_pass", rows, partition={"batch": batch}, run_id=run_id, code_version="1")


@pytest.fixture
def why(store, verdicts):
    """Why the two rows of a batch are lost that another batch was written after."""
    written = _write(store, verdicts)
    _write(store, verdicts, "june", "c")

    def ask(**changed):
        said = {"version": written.version, "run_id": "run", "n_rows": 2, **changed}
        return why_rows_are_lost(store, "first_pass", PIECE, **said)

    return ask


def _log(store):
    return sorted((store.path("first_pass") / "_delta_log").glob("*.json"))


def test_rows_that_were_written_are_there(store, verdicts, why):
    assert why() == why(n_rows=None) == ""
    _write(store, verdicts, "july", "")
    assert why_rows_are_lost(store, "first_pass", {"batch": "july"}, version=3, run_id="run", n_rows=0) == ""


def test_a_table_that_is_gone_has_no_rows(store, why):
    shutil.rmtree(store.path("first_pass"))
    assert why() == "its table first_pass is gone"


def test_rows_of_a_log_entry_that_is_gone_are_lost(store, why):
    _log(store)[-1].unlink()
    assert why() == ""
    _log(store)[-1].unlink()
    assert why() == "version 1 of its table first_pass is gone"


def test_another_write_under_the_number_of_a_lost_one_is_not_taken_for_it(store, verdicts, why):
    for entry in _log(store)[1:]:
        entry.unlink()
    _write(store, verdicts, "april", "z")
    assert why() == "version 1 of its table first_pass is that of another write"


def test_a_file_that_is_gone_or_cut_is_named(store, why):
    (file,) = store.path("first_pass").glob("batch=may/*.parquet")
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    assert why() == f"its file first_pass/batch=may/{file.name} has {len(content) - 1:,} bytes and not {len(content):,}"
    file.unlink()
    assert why() == f"its file first_pass/batch=may/{file.name} is gone"


def test_rows_that_another_write_replaced_are_lost(store, verdicts, why):
    _write(store, verdicts, ids="xy", run_id="killed")
    assert why() == "its table first_pass has other rows by now"


def test_another_number_of_rows_is_said(why):
    assert why(n_rows=3) == "version 1 of its table first_pass has 2 rows and not 3"


def test_a_whole_table_is_that_of_the_run_that_wrote_it_last(store, verdicts):
    assert why_table_is_lost(store, "labels", run_id="one") == "its table labels is gone"
    rows = store.read("labels")
    store.write("labels", rows, run_id="one", code_version="1")
    assert why_table_is_lost(store, "labels", run_id="one") == ""
    store.write("labels", rows, run_id="two", code_version="1")
    assert why_table_is_lost(store, "labels", run_id="one") == "its table labels is another's"
    sorted((store.path("labels") / "_delta_log").glob("*.json"))[-1].unlink()
    assert why_table_is_lost(store, "labels", run_id="one") == ""
    assert why_table_is_lost(store, "labels", run_id="two") == "its table labels is another's"


@pytest.mark.parametrize("content", ["", "\n"])
def test_a_log_entry_without_content_is_lost(store, verdicts, why, content):
    rows = store.read("labels")
    for run_id in ("one", "two"):
        store.write("labels", rows, run_id=run_id, code_version="1")
    sorted((store.path("labels") / "_delta_log").glob("*.json"))[-1].write_text(content)
    assert why_table_is_lost(store, "labels", run_id="two") == "its table labels is another's"
    _log(store)[1].write_text(content)
    assert why() == "version 1 of its table first_pass is gone"


def test_a_vacuum_loses_nothing(store, why, verdicts):
    vacuum(store, now=datetime(2030, 1, 1, tzinfo=UTC))
    assert why() == ""
