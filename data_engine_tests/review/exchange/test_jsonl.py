"""JSON lines."""

import json

import pytest

from data_engine.errors import InvalidInput
from data_engine.review.exchange import jsonl


def test_a_line_is_an_answer_that_people_can_read(exported, tmp_path):
    path = tmp_path / "a.jsonl"
    jsonl.write(exported, path)
    lines = path.read_text("utf-8").splitlines()
    # Marks within texts that some readers take for the end of a line are written as escapes.
    assert len(lines) == 12
    first = json.loads(lines[0])
    assert (first["annotator"], first["answer"], first["queue_id"]) == ("ada", {"label": "mit"}, exported.queue_id)
    assert first["answered_at"] == "2026-05-01T12:00:05+00:00"


def test_empty_lines_are_passed_over_and_an_error_names_the_line(tmp_path):
    path = tmp_path / "a.jsonl"
    row = '{"sample_id": "s0", "label": "mit", "annotator": "ada"}'
    path.write_text(f"\n{row}\r\n\n{row[:-1]}\n", "utf-8")
    with pytest.raises(InvalidInput, match="line 4: column 55: this is no JSON"):
        jsonl.read(path)
    path.write_text(f"\n{row}\r\n\n", "utf-8")
    assert len(jsonl.read(path).tasks) == 1
