"""`data-engine review notices`, as it is typed."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from notice_servers import hook_server
from small_project import SmallProject, notes_corpus

from data_engine.cli import main
from data_engine.review import NewTask


def test_notices_are_listed_sent_and_sent_again(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.folder / "source").mkdir()
    project.add(notes_corpus(Path("source"), review={"notices": {"webhook": {}}}))
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(project.folder))
    monkeypatch.setenv("DATA_ENGINE_WEBHOOK_SECRET", "correct horse battery")
    with project.load().runtime("notes").queue() as queue:
        asked = {"corpus": "notes", "question": "?", "classes": ["baking", "trains"], "cause": "c"}
        queue.open_batch("one", tasks=[NewTask("s0", "query", "manual")], now=datetime.now(UTC), **asked)

    def said(*options: str) -> str:
        return CliRunner().invoke(main, ["review", "notices", *options]).output

    assert said() == "0 notices\n"
    with hook_server() as hook:
        monkeypatch.setenv("DATA_ENGINE_WEBHOOK_URL", hook.url)
        hook.todo = [503]
        assert re.fullmatch(
            r"0 notices sent, 1 attempt failed\n\w{8}  webhook  opened    one  waits for [\d :-]+ UTC: "
            r"the server answered 503\n1 notice\n",
            said("--send"),
        )
        assert said("--retry").startswith("1 notice to send again\n1 notice sent, 0 attempts failed\n")
        assert re.search(r"one  sent [\d :-]+ UTC\n1 notice\n$", said())
