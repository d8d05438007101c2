from pathlib import Path

import pytest

from data_engine.errors import SourceError, SourceMissing
from data_engine.indexing.source import Source


def test_the_shape_goes_with_its_kind_only() -> None:
    with pytest.raises(ValueError, match="kind is pixel_rows and pixel_shape is None"):
        Source(kind="pixel_rows", path=".")
    with pytest.raises(ValueError, match=r"kind is folder and pixel_shape is \(2, 2\)"):
        Source(kind="folder", path=".", pixel_shape=(2, 2))


def test_a_pattern_on_uris_names_its_columns() -> None:
    with pytest.raises(ValueError, match="names no group"):
        Source(kind="folder", path=".", uri_pattern="[^/]+")
    with pytest.raises(ValueError, match="is no regular expression"):
        Source(kind="folder", path=".", uri_pattern="(")


def test_relative_paths_start_at_the_project_and_variables_and_the_home_are_expanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTES", "/srv/notes")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = {
        path: Source(kind="folder", path=path).resolve(Path("/project"))
        for path in ("source", "/data", "$NOTES/may", "~/notes", "file:///data/notes")
    }
    assert found == {
        "source": Path("/project/source"),
        "/data": Path("/data"),
        "$NOTES/may": Path("/srv/notes/may"),
        "~/notes": tmp_path / "notes",
        "file:///data/notes": Path("/data/notes"),
    }


def test_the_data_of_a_package_is_within_it_and_a_package_that_is_not_there_is_named() -> None:
    within = Source(kind="folder", path="html", package="data_engine.reporting").resolve(Path("/project"))
    assert isinstance(within, Path)
    assert within.parts[-3:] == ("data_engine", "reporting", "html")
    with pytest.raises(SourceMissing, match="the source is package 'no_such_package', which is not installed"):
        Source(kind="folder", path="x", package="no_such_package").resolve(Path("/project"))


def test_a_url_has_its_own_file_system_whose_options_may_hold_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(kind="folder", path="memory://notes/may", storage_options={"skip_instance_cache": True})
    assert str(source.resolve(Path("/project"))) == "memory://notes/may"
    with pytest.raises(SourceError, match=r"the source nowhere://a cannot be opened: .*; check source.path"):
        Source(kind="folder", path="nowhere://a").resolve(Path("/project"))


@pytest.mark.parametrize(
    ("pattern", "said"), [("[z-a].txt", r"is no glob \(bad character range z-a"), ("", "is empty")]
)
def test_a_pattern_that_no_file_can_match_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Source(kind="folder", path="x", pattern=pattern)
