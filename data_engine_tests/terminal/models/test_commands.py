from pathlib import Path

import pytest
from click.testing import CliRunner
from small_project import SmallProject, notes_corpus

from data_engine.cli import main


@pytest.fixture
def run(project: SmallProject, monkeypatch: pytest.MonkeyPatch):
    (project.folder / "source").mkdir()
    project.add(notes_corpus(Path("source")))
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(project.folder))
    return lambda *arguments: CliRunner().invoke(main, ["models", *arguments])


def test_before_the_first_round_there_is_nothing_to_list_show_promote_or_undo(run) -> None:
    assert run("list").output == "no version yet; data-engine run notes trains one on what is answered\n"
    assert run("list", "--format", "json").output == "[]\n"
    about_one = [("show", "abc"), ("promote", "abc", "--why", "w"), ("export", "abc", "--to", "m.onnx")]
    for arguments in (*about_one, ("rollback", "--why", "w")):
        refused = run(*arguments)
        assert refused.exit_code == 1
        assert "the corpus notes has no version yet; data-engine run notes trains one" in refused.output


def test_a_decision_needs_a_reason(run) -> None:
    for arguments in (("promote", "abc"), ("rollback",)):
        refused = run(*arguments)
        assert refused.exit_code == 2
        assert "Missing option '--why'" in refused.output
