"""`data-engine labels import` and `data-engine labels export`, as they are typed."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from small_project import SmallProject
from written_steps import pass_checks, take_in, write_step

from data_engine.cli import main


def test_a_label_goes_out_is_changed_and_comes_in(
    notes: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = notes.load().runtime("notes")
    take_in(runtime, "may", [{"sample_id": f"s{n}", "text": f"note {n}", "is_readable": True} for n in range(2)])
    said = {"kind": "class", "answer": '{"label":"baking"}', "label": "baking", "posterior": 0.5, "quality": 0.5}
    rows = [{**said, "sample_id": f"s{n}", "provenance": "model_auto", "n_annotations": 0} for n in range(2)]
    pass_checks(runtime, write_step(runtime.store(), "labels", rows))
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))
    file = tmp_path / "labels.csv"

    def run(*arguments: str) -> list[str]:
        return CliRunner().invoke(main, ["labels", *arguments]).output.splitlines()

    assert run("export", str(file)) == [f"wrote 2 labels of notes to {file}"]
    file.write_text(file.read_text("utf-8").replace("s1,s1,baking", "s1,s1,trains"), "utf-8")
    assert run("import", str(file), "--annotator", "ada") == [
        "1 label of the file is as now",
        "opened notes-imported-001 with 1 task",
        "1 answer is new",
        "data-engine run notes takes them over",
    ]
    assert run("import", str(tmp_path / "labels.txt"))[0].startswith("Error: the format of labels.txt is not known")
