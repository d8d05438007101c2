"""`data-engine label-studio`, as it is typed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from label_studio_server import TOKEN, studio_server
from small_project import SmallProject, notes_corpus

from data_engine.cli import main
from data_engine.review import NewTask


def test_push_and_pull_say_what_they_did_and_never_the_token(project: SmallProject, monkeypatch) -> None:
    (project.folder / "source").mkdir()
    project.add(notes_corpus(Path("source")))
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(project.folder))
    runtime = project.load().runtime("notes")
    classes = runtime.corpus.class_names
    with runtime.queue() as queue:
        asked = {"corpus": "notes", "question": "?", "classes": classes, "cause": "c", "now": datetime.now(UTC)}
        queue.open_batch("one", tasks=[NewTask(f"s{n}", "query", "manual") for n in range(2)], **asked)

    def run(command: str, url: str) -> tuple[int, str]:
        said = CliRunner().invoke(main, ["label-studio", command, "--url", url, "--project", "7"])
        return said.exit_code, said.output

    with studio_server(classes) as studio:
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
        assert run("push", studio.url) == (0, "2 tasks added, 0 tasks there already\n")
        studio.answer(1, "trains")
        assert run("pull", studio.url) == (0, "2 changed tasks; answers: 1 new\n")
        studio.answer(2, "nothing of ours")
        status, said = run("pull", studio.url)
        assert (status, "1 known already" in said) == (1, True)
        assert "does not know 1 class" in said
        assert "1 answer cannot be read; the next pull tries again" in said
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", "f" * 40)
        status, said = run("pull", studio.url)
        assert (status, "does not know the token" in said, "ffff" in said) == (1, True, False)


@pytest.mark.parametrize("option", ["--url", "--project"])
def test_server_and_project_have_to_be_given(option: str) -> None:
    arguments = {"--url": ["--project", "7"], "--project": ["--url", "http://h"]}[option]
    said = CliRunner().invoke(main, ["label-studio", "push", *arguments])
    assert f"Missing option '{option}'" in said.output
