"""`scripts/try_foundation_model` against servers on this machine that answer well, or do not."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from chat_server import KEY, chat_server
from PIL import Image

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "try_foundation_model"


def _tried(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str) -> tuple[object, str]:
    """What `scripts/try_foundation_model` ends with and prints."""
    script = runpy.run_path(str(SCRIPT))
    monkeypatch.setattr("sys.argv", ["try_foundation_model", "--model", "m", *args])
    try:
        ended = script["main"]()
    except SystemExit as error:
        ended = error.code
    return ended, capsys.readouterr().out


def _topic(text: str, body: dict[str, Any]) -> str:
    form = body.get("response_format", {})
    allowed = form["json_schema"]["schema"]["properties"]["answer"]["enum"] if "json_schema" in form else ["baking"]
    named = "sailing" if "boat" in text else "trains" if "locomotive" in text else "baking"
    return named if named in allowed or len(allowed) > 1 else str(allowed[0])


def test_the_script_says_what_of_a_server_works(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat_server() as chat:
        chat.answer = _topic
        ended, said = _tried(capsys, monkeypatch, "--url", chat.url, "--price-in", "0.15", "--price-out", "0.6")
        assert ended == 0
        assert "JSON schema: enforced" in said
        assert "log-probabilities: there" in said
        assert "sample 3: trains (confidence 0.99, 1 calls, right)" in said
        assert "tokens: 400 read, 40 written, counted by the server\ncost: 8.4e-05 for 4 samples" in said

        chat.answer = lambda text, body: _topic(text, {})
        assert "JSON schema: taken and not enforced" in _tried(capsys, monkeypatch, "--url", chat.url)[1]

        chat.logprobs, chat.usage, chat.todo = False, False, ["status 400"]
        ended, said = _tried(capsys, monkeypatch, "--url", chat.url)
        assert ended == 0
        assert "answer_format json_schema: refused" in said
        assert "log-probabilities: none" in said
        assert "the server does not count them" in said
        assert said.rstrip().endswith("answer_format: json_object")


@pytest.mark.parametrize(
    ("todo", "expected"),
    [("status 401", "answered 401: no *** (refused)"), ("raw hello", "answers no JSON"), ("drop", "(dropped)")],
)
def test_the_script_says_what_is_wrong_with_a_server(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, todo: str, expected: str
) -> None:
    monkeypatch.setenv("CHAT_KEY", KEY)
    with chat_server() as chat:
        chat.todo = [todo]
        ended, _ = _tried(capsys, monkeypatch, "--url", chat.url, "--key-from", "CHAT_KEY")
    assert expected in str(ended)
    assert KEY not in str(ended)


def test_the_script_asks_about_an_image_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with chat_server() as chat:
        ended, said = _tried(capsys, monkeypatch, "--url", chat.url, "--image", str(tmp_path / "a.png"))
    assert (ended, "sample 5 (image): baking" in said) == (0, True)
