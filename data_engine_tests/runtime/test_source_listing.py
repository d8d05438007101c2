from pathlib import Path

import pytest
from small_project import write_notes
from written_steps import notes_runtime

from data_engine.errors import SourceError, SourceMissing
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.source_listing import batch_files, batches_of, files_version, listed_once


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_notes(tmp_path / "source", "may", 2, 0)
    return tmp_path


def test_the_source_is_listed_as_it_is_now_and_within_a_command_as_it_was_when_that_began(folder: Path) -> None:
    runtime = notes_runtime(folder)
    with listed_once():
        assert list(batches_of(runtime)) == ["may.jsonl"]
        write_notes(folder / "source", "june", 2, 1)
        assert list(batches_of(runtime)) == ["may.jsonl"]
    assert list(batches_of(runtime)) == ["june.jsonl", "may.jsonl"]


def test_what_one_command_has_listed_is_not_given_to_the_next(folder: Path) -> None:
    runtime = notes_runtime(folder)
    with listed_once():
        batches_of(runtime)
    write_notes(folder / "source", "june", 2, 1)
    with listed_once():
        assert list(batches_of(runtime)) == ["june.jsonl", "may.jsonl"]


def test_the_version_of_a_batch_is_found_once_in_a_command_and_is_that_of_its_own_corpus(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data_engine import indexing

    runtime, letters = notes_runtime(folder), notes_runtime(folder, name="letters")
    asked = []
    original = indexing.fingerprint
    monkeypatch.setattr(indexing, "fingerprint", lambda files: asked.append(files) or original(files))
    with listed_once():
        first = files_version(runtime, "may.jsonl")
        write_notes(folder / "source", "may", 3, 0)
        assert [files_version(runtime, "may.jsonl"), files_version(letters, "may.jsonl") == first] == [first, False]
        assert files_version(runtime, "june.jsonl") == files_version(runtime, "june.jsonl") != first
        assert len(asked) == 3
    assert files_version(runtime, "may.jsonl") == files_version(runtime, "may.jsonl") != first
    assert len(asked) == 5


def test_two_corpora_have_each_their_own_listing(folder: Path) -> None:
    write_notes(folder / "letters", "june", 2, 1)
    letters = notes_runtime(folder, name="letters", source={"kind": "jsonl", "path": "letters"})
    with listed_once():
        assert list(batches_of(notes_runtime(folder))) == ["may.jsonl"]
        assert list(batches_of(letters)) == ["june.jsonl"]


def test_the_files_of_a_batch_are_given_and_a_batch_without_files_is_answered_with_the_remedy(folder: Path) -> None:
    runtime = notes_runtime(folder)
    assert [file.uri for file in batch_files(runtime, "may.jsonl")] == ["may.jsonl"]
    with pytest.raises(SourceMissing, match=r"holds no file of batch 'june.jsonl' any more; put the files back, or"):
        batch_files(runtime, "june.jsonl")


def test_a_source_that_holds_the_data_folder_is_refused_where_its_pattern_matches_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_DATA", str(folder / "data"))

    def runtime(pattern: str) -> CorpusRuntime:
        return notes_runtime(folder, source={"kind": "jsonl", "path": ".", "pattern": pattern})

    (folder / "data" / "notes").mkdir(parents=True)
    (folder / "data" / "notes" / "command.lock").write_text("", "utf-8")
    with pytest.raises(SourceError, match=r"holds the data folder .*, and data/notes/command.lock in it matches"):
        batches_of(runtime("**/*"))
    assert [file.uri for file in next(iter(batches_of(runtime("source/*")).values()))] == ["source/may.jsonl"]
    write_notes(folder / "data" / "raw", "june", 2, 1)
    inside = notes_runtime(folder, source={"kind": "jsonl", "path": "data/raw"})
    assert list(batches_of(inside)) == ["june.jsonl"]
