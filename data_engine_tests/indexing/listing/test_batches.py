import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_engine.errors import SourceEmpty, SourceError, SourceMissing
from data_engine.indexing import SourceFile, fingerprint, list_batches, read_batch
from data_engine.indexing.source import Batches, Source

BY_FOLDER = Batches(by="folder")
VALID_KEY = re.compile(r"[A-Za-z0-9_.-]+")


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, "utf-8")


def listed(
    root: Path, batches: Batches = BY_FOLDER, pattern: str = "**/*", follow_links: bool | tuple[str, ...] = False
) -> dict[str, list[str]]:
    source = Source(kind="folder", path=str(root), pattern=pattern, follow_links=follow_links)
    return {key: [file.uri for file in files] for key, files in list_batches(source, batches, root).items()}


def test_files_are_grouped_by_their_first_folder_and_loose_files_form_top(tmp_path: Path) -> None:
    write(tmp_path, "b/2.txt", "b/deep/1.txt", "a/1.txt", "z.txt", "y.txt")
    assert listed(tmp_path) == {"a": ["a/1.txt"], "b": ["b/2.txt", "b/deep/1.txt"], "top": ["y.txt", "z.txt"]}


def test_a_file_is_listed_with_its_size_and_time(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    os.utime(tmp_path / "a.txt", ns=(0, 1_700_000_000_123_456_789))
    (files,) = list_batches(Source(kind="folder", path="."), BY_FOLDER, tmp_path).values()
    expected_time = datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
    assert files == (SourceFile(tmp_path / "a.txt", "a.txt", 5, expected_time),)


def test_by_file_and_by_day_give_one_batch_for_each(tmp_path: Path) -> None:
    write(tmp_path, "jan.jsonl", "feb.jsonl")
    os.utime(tmp_path / "jan.jsonl", (0, 1_706_000_000))
    os.utime(tmp_path / "feb.jsonl", (0, 1_707_000_000))
    assert listed(tmp_path, Batches(by="file")) == {"feb.jsonl": ["feb.jsonl"], "jan.jsonl": ["jan.jsonl"]}
    assert listed(tmp_path, Batches(by="day")) == {"2024-01-23": ["jan.jsonl"], "2024-02-03": ["feb.jsonl"]}


def test_hash_batches_hold_every_file_once_and_keep_their_files_when_others_arrive(tmp_path: Path) -> None:
    write(tmp_path, *(f"{number}.txt" for number in range(200)))
    before = listed(tmp_path, Batches(by="hash", count=4))
    assert list(before) == ["part-00", "part-01", "part-02", "part-03"]
    assert all(30 <= len(uris) <= 70 for uris in before.values())
    write(tmp_path, "new.txt")
    after = listed(tmp_path, Batches(by="hash", count=4))
    assert {key: [uri for uri in uris if uri != "new.txt"] for key, uris in after.items()} == before


def test_hash_keys_have_as_many_digits_as_the_count_needs(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    assert re.fullmatch(r"part-\d\d\d", next(iter(listed(tmp_path, Batches(by="hash", count=500)))))


def test_names_that_are_no_keys_get_distinct_valid_keys(tmp_path: Path) -> None:
    names = ["a b", "a/b", "a,b", "ä", "ö", "x..y", "top", "ok_1.x-y"]
    write(tmp_path, *(f"{name}/f.txt" for name in names), "loose.txt")
    keys = listed(tmp_path)
    assert all(VALID_KEY.fullmatch(key) and ".." not in key for key in keys)
    assert sorted(uri for uris in keys.values() for uri in uris) == sorted(
        [*(f"{name}/f.txt" for name in names), "loose.txt"]
    )
    assert keys["top"] == ["loose.txt"]
    assert keys["ok_1.x-y"] == ["ok_1.x-y/f.txt"]
    assert len(keys) == len(names) + 1


def test_the_key_of_a_folder_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, "a b/f.txt")
    (alone,) = listed(tmp_path)
    write(tmp_path, "a-b/f.txt", "a,b/f.txt")
    assert listed(tmp_path)[alone] == ["a b/f.txt"]


def test_two_names_with_one_key_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a b/f.txt")
    (key,) = listed(tmp_path)
    write(tmp_path, f"{key}/f.txt")
    with pytest.raises(SourceError, match=r"both give batch key .* rename one"):
        listed(tmp_path)


def test_hidden_and_unfinished_files_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, ".git/x", "a/.DS_Store", "a/1.txt", "a/2.txt.part", "a/3.TMP", "a/4.txt~", "a/5.crdownload")
    assert listed(tmp_path) == {"a": ["a/1.txt"]}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**/*", ["a/b/4.txt", "a/3.md", "a/2.txt", "1.txt"]),
        ("*.txt", ["1.txt"]),
        ("**/*.txt", ["a/b/4.txt", "a/2.txt", "1.txt"]),
        ("a/*", ["a/2.txt", "a/3.md"]),
        ("a/**", ["a/b/4.txt", "a/2.txt", "a/3.md"]),
        ("**/[2-3].*", ["a/2.txt", "a/3.md"]),
        ("**/[!2-3].*", ["a/b/4.txt", "1.txt"]),
        ("?.txt", ["1.txt"]),
    ],
)
def test_the_pattern_is_a_glob(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    write(tmp_path, "1.txt", "a/2.txt", "a/3.md", "a/b/4.txt")
    found = [uri for uris in listed(tmp_path, pattern=pattern).values() for uri in uris]
    assert sorted(found) == sorted(expected)


def test_link_loops_end_and_every_real_folder_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "z/1.txt")
    (tmp_path / "a").symlink_to(tmp_path / "z")
    (tmp_path / "z" / "loop").symlink_to(tmp_path)
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    assert listed(tmp_path) == {"top": ["itself"], "z": ["z/1.txt"]}


def test_linked_folders_outside_the_source_are_read_where_they_are_allowed(tmp_path: Path) -> None:
    write(tmp_path, "outside/1.txt", "source/2.txt")
    (tmp_path / "source" / "link").symlink_to(tmp_path / "outside")
    for allowed in (True, (str(tmp_path / "outside"),)):
        assert listed(tmp_path / "source", follow_links=allowed) == {"link": ["link/1.txt"], "top": ["2.txt"]}


def test_links_that_lead_out_of_the_source_are_files_that_may_not_be_read(tmp_path: Path) -> None:
    write(tmp_path, "outside/1.txt", "source/2.txt", "source/deep/3.txt")
    (tmp_path / "source" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "source" / "file.txt").symlink_to(tmp_path / "outside" / "1.txt")
    (tmp_path / "source" / "deep" / "up.txt").symlink_to("../../outside/1.txt")
    (tmp_path / "source" / "inside.txt").symlink_to("deep/3.txt")
    source = Source(kind="folder", path=str(tmp_path / "source"), pattern="**/*.txt")
    found = list_batches(source, BY_FOLDER, tmp_path)
    assert {key: [(file.uri, file.why_not is None) for file in files] for key, files in found.items()} == {
        "deep": [("deep/3.txt", True), ("deep/up.txt", False)],
        "folder": [("folder", False)],
        "top": [("2.txt", True), ("file.txt", False), ("inside.txt", True)],
    }
    rows = [
        row for key, files in found.items() for row in read_batch(source, files, batch=key, modality="text").to_pylist()
    ]
    assert {row["uri"]: row["error"] for row in rows if not row["is_readable"]} == {
        uri: f"is a link that leads out of the source, to {tmp_path / target}; copy it there, or allow it by "
        "source.follow_links"
        for uri, target in [("deep/up.txt", "outside/1.txt"), ("file.txt", "outside/1.txt"), ("folder", "outside")]
    }


def test_a_link_of_an_allowed_folder_to_a_third_place_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "outside/1.txt", "third/secret.txt", "source/2.txt")
    (tmp_path / "source" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "on").symlink_to(tmp_path / "third")
    source = Source(kind="folder", path=str(tmp_path / "source"), follow_links=(str(tmp_path / "outside"),))
    found = [file for files in list_batches(source, BY_FOLDER, tmp_path).values() for file in files]
    assert [(file.uri, file.why_not is None) for file in found] == [
        ("link/1.txt", True),
        ("link/on", False),
        ("2.txt", True),
    ]


def test_a_long_name_gives_a_key_that_can_name_a_folder_and_names_that_differ_give_keys_that_differ(
    tmp_path: Path,
) -> None:
    longest = "y" * 200
    names = [*("x" * 249 + end for end in "abc"), longest]
    write(tmp_path, *(f"{name}/1.txt" for name in names))
    keys = listed(tmp_path)
    assert len(keys) == 4
    assert longest in keys
    assert all(len(key.encode()) <= 200 for key in keys)
    nested = "/".join(["z" * 120] * 3)
    write(tmp_path / "nested", f"{nested}/1.txt")
    (key,) = listed(tmp_path / "nested", Batches(by="file"))
    assert len(key) <= 200


def test_pipes_are_no_files(tmp_path: Path) -> None:
    write(tmp_path, "1.txt")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    assert listed(tmp_path) == {"top": ["1.txt"]}


def test_names_that_are_not_utf8_are_written_as_bytes(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_text("x", "utf-8")
    assert listed(tmp_path) == {"top": ["\\xff.txt"]}


def test_a_single_file_is_a_source(tmp_path: Path) -> None:
    write(tmp_path, "rows.jsonl", "other.jsonl")
    assert listed(tmp_path / "rows.jsonl") == {"top": ["rows.jsonl"]}


def test_a_missing_folder_and_an_empty_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"nowhere does not exist; create it or change source\.path"):
        listed(tmp_path / "nowhere")
    with pytest.raises(SourceEmpty, match=r"holds no file that matches '\*\.txt'.*add files or change source\.pattern"):
        listed(tmp_path, pattern="*.txt")


def test_a_folder_that_may_not_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match="may not be listed"):
        listed(tmp_path)


def test_the_fingerprint_changes_with_every_change_and_not_with_the_order() -> None:
    day = datetime(2024, 1, 1, tzinfo=UTC)
    first, second = SourceFile(Path("a"), "a", 1, day), SourceFile(Path("b"), "b", 1, day)
    versions = [
        [first, second],
        [first],
        [first, second, SourceFile(Path("c"), "c", 1, day)],
        [first, replace(second, n_bytes=2)],
        [first, replace(second, modified_at=day.replace(microsecond=1))],
        [first, replace(second, uri="B")],
    ]
    assert len({fingerprint(files) for files in versions}) == len(versions)
    assert fingerprint([second, first]) == fingerprint([first, second])
