"""A secret in any place where a source or a queue can have one never reaches what a run writes or prints."""

import base64
import functools
import json
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from small_project import SmallProject, make_notes, notes_corpus

from data_engine.cli import main

PASSWORD, TOKEN, OPTION, FRAGMENT = "pw-Tr0ub4dor+3", "tok-9f8e7d6c5b", "opt-s3cr3tvalue", "frag-11223344"
SECRETS = (PASSWORD, quote(PASSWORD, safe=""), TOKEN, OPTION, FRAGMENT, "maria-the-user")


class _Server(SimpleHTTPRequestHandler):
    """Serves a folder to those who know the password; `refused.jsonl` to nobody, of `cut.jsonl` the first half."""

    def do_GET(self) -> None:
        login = base64.b64encode(f"maria-the-user:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {login}" or "refused" in self.path:
            self.send_error(403)
        elif "cut" in self.path:
            self.send_response(200)
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(b'{"text": "one"}\n')
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def place(tmp_path: Path) -> Iterator[str]:
    """The URL of a served folder with notes, with user and password in it."""
    served = tmp_path / "served"
    served.mkdir()
    rows = "".join(json.dumps(row) + "\n" for row in make_notes(150, 1))
    (served / "notes.jsonl").write_text(rows, "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Server, directory=str(served)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://maria-the-user:{quote(PASSWORD, safe='')}@127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def source(path: str) -> dict[str, Any]:
    options = {"client_kwargs": {"headers": {"X-Key": f"Bearer {OPTION}"}}}
    return {"kind": "jsonl", "path": path, "id_column": "id", "storage_options": options}


def small_notes(path: str, name: str = "notes") -> dict[str, object]:
    changes: dict[str, object] = {
        "tree": {"n_clusters": [12, 4], "max_iterations": 5},
        "subset": {"target_size": 90},
        "name": name,
    }
    return {**notes_corpus(Path("x")), "source": source(path), **changes}


@pytest.fixture
def command(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Carries out a command in the project's folder, and returns what it prints, also past Python's streams."""
    monkeypatch.chdir(project.folder)
    monkeypatch.delenv("DATA_ENGINE_PROJECT", raising=False)

    def carry_out(*arguments: str, **environment: str) -> str:
        # A new process knows no secret of the command before.
        monkeypatch.setattr("data_engine.errors.secret_texts._SECRETS", set())
        done = CliRunner().invoke(main, arguments, env=environment)
        # Python would print what no command catches.
        uncaught = done.exception if not isinstance(done.exception, SystemExit) else None
        return done.output + "".join([*capfd.readouterr(), *(traceback.format_exception(uncaught) if uncaught else ())])

    return carry_out


def process(project: SmallProject, *arguments: str, **environment: str) -> str:
    """What a command prints in a process of its own, on both streams."""
    done = subprocess.run(
        [sys.executable, "-m", "data_engine.cli", *arguments],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{project.folder}", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout + done.stderr


def leaks(said: str, *folders: Path) -> list[str]:
    """Where a secret stands, in any of its forms: as it is, percent-encoded, or in base64."""
    forms = {form.encode() for secret in SECRETS for form in (secret, quote(secret, safe=""))}
    for secret in SECRETS:
        # Within a longer text, base64 begins at one of three places.
        forms |= {base64.b64encode(b"\0" * skip + secret.encode())[4 if skip else 0 : -4] for skip in range(3)}
    found = [f"printed: {form!r}" for form in forms if form in said.encode()]
    for folder in folders:
        for path in (path for path in folder.rglob("*") if path.is_file()):
            content = path.read_bytes()
            found += [f"{path}: {form!r}" for form in forms if form in content or form in str(path).encode()]
    return found


def test_no_secret_of_a_source_is_in_anything_that_a_run_writes_or_prints(
    project: SmallProject, place: str, engine_folder: Path
) -> None:
    project.add(small_notes(f"{place}/notes.jsonl?token={TOKEN}#{FRAGMENT}"))
    said = process(project, "run", "notes")
    (release,) = (engine_folder / "data" / "notes" / "releases").iterdir()
    manifest = json.loads((release / "manifest.json").read_text("utf-8"))
    assert manifest["configuration"]["source"]["storage_options"] == ["client_kwargs"]
    assert manifest["configuration"]["source"]["path"].startswith("http://***@127.0.0.1:")
    assert "http://***@127.0.0.1:" in (release / "README.md").read_text("utf-8")
    raw = project.load().runtime("notes").store().read("raw_index")
    assert raw["uri"][0].as_py().startswith("notes.jsonl#")
    assert raw["text"].null_count == 0
    said += process(project, "check", "notes") + process(project, "release")
    said += process(project, "sql", "select distinct batch, uri from raw_index") + process(project, "backfill", "notes")
    assert "notes: the data are whole" in said
    assert leaks(said, engine_folder) == []


@pytest.mark.parametrize("name", ["refused.jsonl", "cut.jsonl", "none.jsonl", "folder/"])
def test_no_secret_is_in_what_a_failure_writes_or_prints(
    project: SmallProject, place: str, engine_folder: Path, name: str, command: Callable[..., str]
) -> None:
    project.add(small_notes(f"{place}/{name}?token={TOKEN}#{FRAGMENT}"))
    said = command("run", "notes")
    assert said
    assert leaks(said, engine_folder) == []


def test_no_secret_is_in_what_an_unreachable_or_mistyped_source_prints(
    project: SmallProject, engine_folder: Path, command: Callable[..., str]
) -> None:
    login = f"maria-the-user:{quote(PASSWORD, safe='')}"
    said = ""
    for url in (
        f"http://{login}@127.0.0.1:9/notes.jsonl?token={TOKEN}",
        f"nowhere://{login}@host/notes?token={TOKEN}",
        f"http://{login}@127.0.0.1:port/notes.jsonl?token={TOKEN}",
        f"s3://{login}@no-such-bucket/notes?token={TOKEN}",
    ):
        project.add(small_notes(url))
        said += command("run", "notes", AWS_EC2_METADATA_DISABLED="true")
    project.add({**small_notes(f"http://{login}@host/x?token={TOKEN}"), "modality": "sound", "sourcee": 1})
    said += command("run", "notes")
    assert said.count("Error") >= 3, said
    assert leaks(said, engine_folder) == []


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg2//maria-the-user:{PASSWORD}@host/db",
        f"postgresql+psycopg2://maria-the-user:{PASSWORD}@127.0.0.1:9/db?sslpassword={TOKEN}",
        f"mysql://maria-the-user:{PASSWORD}@host/db",
        f"postgres+nodriver://maria-the-user:{PASSWORD}@host/db",
    ],
)
def test_no_secret_of_the_queue_is_in_what_a_command_prints(
    project: SmallProject, engine_folder: Path, url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "source").mkdir()
    project.add(notes_corpus(tmp_path / "source"))
    environment = {"DATA_ENGINE_PROJECT": str(project.folder), "DATA_ENGINE_REVIEW_URL": url}
    said = ""
    for arguments in (["review", "--annotator", "ada"], ["check", "notes"]):
        said += CliRunner().invoke(main, arguments, env=environment).output
    # What is written past Python's streams too.
    said += "".join(capfd.readouterr())
    assert "Error" in said
    assert leaks(said, engine_folder) == []
