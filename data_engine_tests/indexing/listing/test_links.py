from pathlib import Path

import pytest

from data_engine.indexing.listing.links import Links
from data_engine.indexing.source import Source


def test_a_path_is_refused_when_a_link_in_it_leads_out(tmp_path: Path) -> None:
    for name in ("in", "out", "third"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").touch()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "self").symlink_to("f")
    (tmp_path / "in" / "loop").symlink_to("loop")
    refusing = Links.of(tmp_path / "in", False)
    assert [refusing.why_not(tmp_path / "in" / name) for name in ("f", "self", "gone", "loop")] == [None] * 4
    assert refusing.why_not(tmp_path / "in" / "link" / "f") == (
        f"is a link that leads out of the source, to {tmp_path / 'out' / 'f'}; copy it there, or allow it by "
        "source.follow_links"
    )
    for follow in (True, (str(tmp_path / "out"),), (str(tmp_path / "third"), str(tmp_path / "out" / "f"))):
        assert Links.of(tmp_path / "in", follow).why_not(tmp_path / "in" / "link" / "f") is None
    assert Links.of(tmp_path / "in", (str(tmp_path / "third"),)).why_not(tmp_path / "in" / "link") is not None


def test_a_name_that_begins_like_an_allowed_one_is_not_allowed(tmp_path: Path) -> None:
    for name in ("in", "in2"):
        (tmp_path / name).mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "in2")
    assert Links.of(tmp_path / "in", False).why_not(tmp_path / "in" / "link") is not None


def test_places_are_whole_paths() -> None:
    with pytest.raises(ValueError, match="follow_links names 'shared'; write the whole path, from / or ~ or a"):
        Source(kind="folder", path=".", follow_links=("shared",))
