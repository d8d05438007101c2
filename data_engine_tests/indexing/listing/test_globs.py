import re

import pytest

from data_engine.indexing.listing.globs import glob_pattern


@pytest.mark.parametrize(
    ("pattern", "matched", "not_matched"),
    [
        ("*.txt", ["a.txt", "[x].txt"], ["a/b.txt", "a.md"]),
        ("**/*.txt", ["a.txt", "a/b/c.txt"], ["a.md"]),
        ("a?[0-9].txt", ["ab1.txt"], ["a/1.txt", "abc.txt"]),
        ("[!a]*", ["b", "b\n"], ["a", "/b"]),
        ("a[.txt", ["a[.txt"], ["a.txt"]),
    ],
)
def test_a_glob_means_whole_paths_below_the_source(pattern: str, matched: list[str], not_matched: list[str]) -> None:
    matches = glob_pattern(pattern).fullmatch
    assert [name for name in (*matched, *not_matched) if matches(name)] == matched


def test_a_range_that_goes_backwards_is_an_error() -> None:
    with pytest.raises(re.error, match="bad character range z-a"):
        glob_pattern("[z-a]")
