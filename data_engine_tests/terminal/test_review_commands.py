"""The commands around the review page."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_project import SmallProject, notes_corpus

from data_engine.cli import main
from data_engine.orchestration.launch import review_page


@pytest.fixture
def run(project: SmallProject, monkeypatch: pytest.MonkeyPatch):
    (project.folder / "source").mkdir()
    project.add(notes_corpus(Path("source")))
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(project.folder))
    return lambda *arguments, **options: CliRunner().invoke(main, ["review", *arguments], **options)


def test_tokens_are_made_listed_and_revoked(run) -> None:
    made = run("tokens", "create", "bob", "--role", "reviewer", "--days", "2")
    assert made.exit_code == 0
    found = re.search(r"token (\w{8}) for bob, reviewer, until .* UTC\n.*\n/#token=([\w-]{43})\n", made.output)
    assert found is not None
    listed = run("tokens", "list").output
    assert re.search(rf"{found[1]}  reviewer   until .* UTC  +bob\n1 token\n", listed)
    assert found[2] not in listed
    assert run("tokens", "revoke", found[1]).output == f"token {found[1]} of bob opens nothing any more\n"
    assert f"{found[1]}  reviewer   revoked" in run("tokens", "list").output
    refused = run("tokens", "create", "simulated:bob")
    assert refused.exit_code == 1
    assert "only simulated annotators' names start with" in refused.output


def test_the_terminal_review_stays(run) -> None:
    done = run("--terminal", "--annotator", "ada")
    assert "0 answers kept; 0 tasks are open" in done.output
    assert run("--skipped", "--annotator", "ada").output == "0 tasks skipped by ada\n"


def test_the_page_is_what_is_served_otherwise(run, monkeypatch: pytest.MonkeyPatch) -> None:
    served = []
    monkeypatch.setattr(
        review_page, "serve_page", lambda project, corpus, serving, say: served.append((corpus, serving))
    )
    assert (
        run("--corpus", "notes", "--annotator", "ada", "--port", "0", "--allow-host", "review.example").exit_code == 0
    )
    assert served == [("notes", review_page.Serving("ada", port=0, names=("review.example",)))]
