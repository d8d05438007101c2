"""Notices of a corpus, from its YAML and the environment to the servers."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from notice_servers import hook_server, mail_server
from written_steps import notes_runtime

from data_engine.errors import InvalidInput
from data_engine.review import NewTask
from data_engine.review.notices.delivery import Delivered
from data_engine.runtime.exchange.notices import listed_notices, retry_notices, send_notices

SECRET = "correct horse battery"
EMAIL = {"to": ["ada@example.org"], "sender": "engine@example.org", "host": "127.0.0.1", "security": "none"}


def _runtime(folder: Path, **notices: object):
    runtime = notes_runtime(folder, review={"notices": notices})
    with runtime.queue() as queue:
        asked = {"corpus": "notes", "question": "?", "classes": ["baking", "trains"], "cause": "c"}
        queue.open_batch("one", tasks=[NewTask("s0", "query", "manual")], now=datetime.now(UTC), **asked)
    return runtime


def test_both_channels_are_told_once_and_the_tables_hold_no_secret(tmp_path, engine_folder, monkeypatch):
    with hook_server() as hook, mail_server() as box:
        monkeypatch.setenv("DATA_ENGINE_WEBHOOK_URL", f"{hook.url}/T0PSECRET")
        monkeypatch.setenv("DATA_ENGINE_WEBHOOK_SECRET", SECRET)
        runtime = _runtime(tmp_path, webhook={}, email={**EMAIL, "port": box.port}, page="https://review.example")
        assert send_notices(runtime) == Delivered(2, 0)
        assert send_notices(runtime) == Delivered(0, 0)
        assert hook.is_signed(SECRET)
    assert (len(hook.got), len(box.got)) == (1, 1)
    assert {each.state for each in listed_notices(runtime)} == {"sent"}
    held = b"".join(path.read_bytes() for path in engine_folder.rglob("review.db*"))
    assert b"review_batch.opened" in held
    assert SECRET.encode() not in held
    assert b"T0PSECRET" not in held


def test_what_is_not_set_is_told_in_the_outbox_and_sent_once_it_is(tmp_path, monkeypatch):
    runtime = _runtime(tmp_path, webhook={"url_variable": "HOOK_URL", "secret_variable": "HOOK_SECRET"})
    monkeypatch.delenv("HOOK_URL", raising=False)
    assert send_notices(runtime) == Delivered(0, 1)
    (notice,) = listed_notices(runtime)
    assert notice.error == "the variable HOOK_URL of the environment is not set; set it where the daemon is started"
    with hook_server() as hook:
        monkeypatch.setenv("HOOK_URL", hook.url)
        monkeypatch.setenv("HOOK_SECRET", SECRET)
        assert send_notices(runtime) == Delivered(0, 0)
        assert retry_notices(runtime) == 1
        assert send_notices(runtime) == Delivered(1, 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"user_variable": "MAIL_USER", "password_variable": "MAIL_PASSWORD"}, "security is none and a login is given"),
        ({"security": "tls", "user_variable": "MAIL_USER"}, "user_variable is given without password_variable"),
        ({"security": "tls", "user_variable": "NO", "password_variable": "NO"}, "the variable NO of the environment"),
    ],
)
def test_a_login_is_whole_and_never_sent_in_the_open(tmp_path, changes, said):
    runtime = _runtime(tmp_path, email={**EMAIL, **changes})
    assert send_notices(runtime) == Delivered(0, 1)
    assert said in str(listed_notices(runtime)[0].error)


def test_a_corpus_that_tells_nobody_says_how_to(tmp_path):
    for runtime in (_runtime(tmp_path), notes_runtime(tmp_path)):
        with pytest.raises(InvalidInput, match=r"corpus notes tells nobody; add review.notices"):
            send_notices(runtime)
