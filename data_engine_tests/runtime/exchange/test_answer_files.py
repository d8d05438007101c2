"""Review batches of a corpus to files, and answers out of them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from written_steps import notes_runtime, take_in

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.review import NewTask
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.exchange.answer_files import export_batches, import_answers
from data_engine.runtime.review_rounds import known_batches

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    runtime = notes_runtime(tmp_path)
    rows = [
        {"sample_id": f"s{n}", "uri": f"may.jsonl#{n}", "text": f"note {n}", "is_readable": n < 3} for n in range(4)
    ]
    take_in(runtime, "may", rows)
    return runtime


def _lines(path: Path, *rows: dict[str, str]) -> Path:
    path.write_text("".join(json.dumps({"annotator": "ada", **row}) + "\n" for row in rows), "utf-8")
    return path


def test_answers_of_another_tool_find_their_samples_by_id_and_uri_and_are_no_round(runtime, tmp_path):
    file = _lines(
        tmp_path / "a.jsonl", {"sample_id": "s0", "label": "baking"}, {"uri": "may.jsonl#1", "label": "trains"}
    )
    found = import_answers(runtime, file, "jsonl", now=NOW)
    assert (found.batches, len(found.outcomes["new"])) == (("notes-imported-001",), 2)
    with runtime.queue() as queue:
        assert known_batches(runtime, queue) == set()
        rows = queue.answers("notes-imported-001").to_pylist()
        texts = [task.text for task in queue.exported("notes").tasks]
    assert sorted((row["sample_id"], row["label"], row["provenance"]) for row in rows) == [
        ("s0", "baking", "imported"),
        ("s1", "trains", "imported"),
    ]
    assert texts == ["note 0", "note 1"]


def test_an_answer_about_a_child_of_an_image_finds_the_parent_that_it_was_made_of(runtime, tmp_path):
    file = _lines(tmp_path / "a.jsonl", {"sample_id": "s0+crop", "label": "baking"})
    import_answers(runtime, file, "jsonl", now=NOW)
    with runtime.queue() as queue:
        assert [(task.sample_id, task.uri) for task in queue.exported("notes").tasks] == [
            ("s0+crop", "may.jsonl#0+crop")
        ]
    with pytest.raises(InvalidInput, match=r"does not know 1 sample of the file: s9\+crop"):
        import_answers(
            runtime, _lines(tmp_path / "b.jsonl", {"sample_id": "s9+crop", "label": "baking"}), "jsonl", now=NOW
        )


def test_what_the_corpus_does_not_know_is_refused_with_the_name_of_the_file(runtime, tmp_path):
    unknown = _lines(
        tmp_path / "a.jsonl", {"sample_id": "s9", "label": "baking"}, {"sample_id": "s3", "label": "baking"}
    )
    with pytest.raises(InvalidInput, match=r"does not know 2 samples of the file: s9 \(line 1\), s3 \(line 2\)"):
        import_answers(runtime, unknown, "jsonl", now=NOW)
    with pytest.raises(UnknownLabel, match=r"cooking \(line 1\)"):
        import_answers(runtime, _lines(tmp_path / "b.jsonl", {"sample_id": "s0", "label": "cooking"}), "jsonl", now=NOW)
    with runtime.queue() as queue:
        assert queue.batches() == []


def test_a_corpus_without_a_question_takes_no_answers(tmp_path):
    runtime = notes_runtime(tmp_path, labels=None, review={})
    with pytest.raises(InvalidInput, match="has no block labels, so it takes no answers"):
        import_answers(runtime, _lines(tmp_path / "a.jsonl", {"sample_id": "s0", "label": "x"}), "jsonl", now=NOW)


def test_an_export_is_whole_or_not_there(runtime, tmp_path):
    to = tmp_path / "a.json"
    with pytest.raises(InvalidInput, match="notes has no review batch yet"):
        export_batches(runtime, None, "coco", to)
    with runtime.queue() as queue:
        asked = {"corpus": "notes", "question": "?", "classes": ["baking", "trains"], "cause": "c", "now": NOW}
        queue.open_batch("one", tasks=[NewTask("s0", "query", "manual", {"text": "note 0"})], **asked)
    with pytest.raises(InvalidInput, match=r"notes has no review batch 'two'; the latest are \['one'\]"):
        export_batches(runtime, "two", "coco", to)
    assert len(export_batches(runtime, "one", "coco", to).tasks) == 1
    assert [path.name for path in tmp_path.glob("a.json*")] == ["a.json"]
    with pytest.raises(InvalidInput, match="give a path in a folder that exists"):
        export_batches(runtime, "one", "coco", tmp_path / "none" / "a.json")
