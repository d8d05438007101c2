from datetime import UTC, datetime, timedelta
from pathlib import Path

from written_steps import NOON, notes_runtime, write_step

from data_engine.indexing import SourceFile
from data_engine.runtime.changes.differences import Difference
from data_engine.runtime.changes.source_files import changed_files, new_batch


def _file(uri: str, at: datetime = NOON) -> SourceFile:
    return SourceFile(Path(uri), uri, 10, at)


def test_files_that_are_new_changed_or_gone_are_named(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    uris = ["a#1.jsonl#0", "a#1.jsonl#1", "b.jsonl#0", "gone.jsonl#0", "c#d.jsonl", "e.tar#f#g.txt"]
    rows = [{"sample_id": str(i), "uri": uri, "arrived_at": NOON} for i, uri in enumerate(uris)]
    version = write_step(runtime.store(), "raw_index", rows, "may")
    files = [_file("a#1.jsonl"), _file("b.jsonl", NOON + timedelta(hours=1)), _file("new.jsonl")]
    files += [_file("c#d.jsonl"), _file("e.tar")]
    assert list(changed_files(runtime, version, files)) == [
        Difference("file", "new.jsonl", "", "new"),
        Difference("file", "gone.jsonl", "read", "gone from the source"),
        Difference("file", "b.jsonl", "2026-03-01 12:00:00", "changed, 2026-03-01 13:00:00"),
    ]


def test_a_name_with_a_hash_is_whole_where_a_file_is_a_sample(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path, source={"kind": "folder", "path": "source"})
    version = write_step(runtime.store(), "raw_index", [{"uri": "a#1.txt", "arrived_at": NOON}], "may")
    (found,) = changed_files(runtime, version, [_file("a#2.txt"), _file("a#1.txt")])
    assert found == Difference("file", "a#2.txt", "", "new")


def test_where_no_file_can_be_named_the_batch_is(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    version = write_step(runtime.store(), "raw_index", [{"uri": "a.jsonl#0", "arrived_at": NOON}], "may")
    (found,) = changed_files(runtime, version, [_file("a.jsonl")])
    assert (found.kind, found.name) == ("batch", "may")


def test_a_new_batch_says_how_much_it_holds() -> None:
    files = [SourceFile(Path(name), name, 700, datetime(2026, 1, 1, tzinfo=UTC)) for name in "ab"]
    assert new_batch("may", files) == Difference("batch", "may", "", "new: 2 files, 1,400 bytes")
