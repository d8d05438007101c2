"""`data-engine review export` and `data-engine review import`, as they are typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_project import SmallProject
from written_steps import take_in

from data_engine.cli import main
from data_engine.review.exchange.registry import EXCHANGE_FORMATS


@pytest.fixture
def run(notes: SmallProject, monkeypatch: pytest.MonkeyPatch):
    runtime = notes.load().runtime("notes")
    take_in(runtime, "may", [{"sample_id": f"s{n}", "text": f"note {n}", "is_readable": True} for n in range(4)])
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))
    return lambda *arguments: CliRunner().invoke(main, ["review", *map(str, arguments)])


def test_answers_go_in_and_out_and_say_what_became_of_them(run, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    rows = [
        {"sample_id": f"s{n}", "label": "baking", "annotator": "ada", "answered_at": "2026-01-01"} for n in range(3)
    ]
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    first = run("import", "--corpus", "notes", "--from", file, "--format", "jsonl")
    assert first.output.splitlines() == [
        "opened notes-imported-001 with 3 tasks",
        "3 answers are new",
        "data-engine run notes takes them over, once their review batches are answered",
    ]
    assert run("import", "--from", file, "--format", "jsonl").output.splitlines() == [
        "3 answers were there already",
        "nothing has changed",
    ]
    rows[0] |= {"label": "trains", "answered_at": "2025-12-31"}
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert "1 answer is older than the imported one of now, and left out: ada on s0" in run(
        "import", "--from", file, "--format", "jsonl"
    ).output.splitlines()  # fmt: skip
    to = tmp_path / "out.json"
    said = run("export", "--batch", "notes-imported-001", "--format", "label_studio", "--to", to)
    assert said.output == f"wrote 3 tasks with 3 answers of notes-imported-001 to {to}\n"
    assert run("import", "--from", to, "--format", "label_studio").output.endswith("nothing has changed\n")


def test_an_error_is_one_sentence_with_file_and_line(run, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text('{"sample_id": "s0", "label": 7, "annotator": "ada"}', "utf-8")
    said = run("import", "--from", file, "--format", "jsonl")
    assert (said.exit_code, said.output) == (
        1, "Error: answers.jsonl, line 1: label is 7; it must be a text; nothing was imported\n",
    )  # fmt: skip
    helped = run("export", "--help").output
    assert [name for name in EXCHANGE_FORMATS if name not in helped] == []
    assert "Invalid value for '--format'" in run("import", "--from", file, "--format", "xls").output
