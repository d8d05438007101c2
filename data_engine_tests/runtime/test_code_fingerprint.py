from pathlib import Path

import pytest

from data_engine.runtime import code_fingerprint as fingerprints


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one module and one template, in the place of the engine's own."""
    (tmp_path / "pages" / "templates" / "parts").mkdir(parents=True)
    monkeypatch.setattr(fingerprints, "_PACKAGE", tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    (tmp_path / "pages" / "page.py").write_text("A = 1\n", "utf-8")
    (tmp_path / "pages" / "templates" / "parts" / "page.html").write_text("<p>one</p>", "utf-8")
    return tmp_path / "pages" / "page.py"


def version() -> str:
    """What a process of its own would find."""
    return fingerprints.code_fingerprint.__wrapped__("pages")


def test_a_changed_template_makes_another_version_and_a_changed_comment_does_not(page: Path) -> None:
    first = version()
    page.write_text("# why\nA = 1\n", "utf-8")
    assert version() == first
    (page.parent / "templates" / "parts" / "page.html").write_text("<p>two</p>", "utf-8")
    assert version() != first


def test_the_same_code_is_parsed_once_whatever_process_asks(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = version()
    monkeypatch.setattr(fingerprints, "_of_statements", lambda *_: "parsed again")
    assert version() == first
    page.write_text("A = 2\n", "utf-8")
    assert version() == "parsed again"


def test_where_nothing_may_be_kept_the_version_is_the_same(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = version()
    (page.parents[1] / "__pycache__" / "pages.fingerprint").unlink()
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert version() == first
    assert not list((page.parents[1] / "__pycache__").iterdir())
