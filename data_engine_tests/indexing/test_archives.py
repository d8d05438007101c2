import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data_engine.errors import ContentMissing
from data_engine.indexing import Contents, archives, list_batches, read_batch
from data_engine.indexing.source import Batches, Source


def pack(members: Mapping[str, bytes] | list[tuple[str, bytes]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in dict(members).items() if isinstance(members, Mapping) else members:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return packed.getvalue()


def read(folder: Path, content: bytes, modality: Any = "text", **settings: Any) -> list[dict[str, Any]]:
    (folder / "shard.tar").write_bytes(content)
    source = Source(kind="webdataset", path=str(folder), **settings)
    (files,) = list_batches(source, Batches(), folder).values()
    return read_batch(source, files, batch="b", modality=modality).to_pylist()


def png(grey: int) -> bytes:
    written = io.BytesIO()
    Image.new("L", (2, 3), grey).save(written, "PNG")
    return written.getvalue()


def test_files_of_one_name_are_one_sample_with_the_others_as_columns(tmp_path: Path) -> None:
    members = {
        "a/0001.txt": b" one ",
        "a/0001.json": b'{"lang": "en", "id": 7}',
        "a/0001.cls": b"3\n",
        "a/0002.txt": b"two",
        "a/0002.npy": b"\x93NUMPY\x00\x01",
    }
    rows = read(tmp_path, pack(members), id_column="id")
    assert [(row["uri"], row["text"], row["source_id"]) for row in rows] == [
        ("shard.tar#a/0001", "one", "7"),
        ("shard.tar#a/0002", "two", None),
    ]
    assert [json.loads(row["metadata"]) for row in rows] == [{"lang": "en", "cls": "3"}, {"npy": "<8 bytes>"}]


def test_the_common_name_can_be_the_id(tmp_path: Path) -> None:
    (row,) = read(tmp_path, pack({"x/7.txt": b"one"}), id_column="__key__")
    assert row["source_id"] == "x/7"


def test_a_text_can_be_a_column_of_the_json_member_or_a_member_of_its_own_ending(tmp_path: Path) -> None:
    rows = read(tmp_path, pack({"1.json": b'{"body": "one", "n": 1}', "2.body": b"two"}), text_column="body")
    assert [(row["text"], row["metadata"]) for row in rows] == [("one", '{"n": 1}'), ("two", "{}")]


def test_a_shard_packed_by_gzip_is_read_like_a_plain_one(tmp_path: Path) -> None:
    (row,) = read(tmp_path, gzip.compress(pack({"1.txt": b"one"})))
    assert row["text"] == "one"


def test_images_of_a_shard_are_read_and_found_again(tmp_path: Path) -> None:
    content = pack({"1.png": png(10), "1.cls": b"cat", "2.cls": b"dog", "2.png": png(20)})
    rows = read(tmp_path, content, modality="image")
    assert [(row["width_px"], row["height_px"], json.loads(row["metadata"])) for row in rows] == [
        (2, 3, {"cls": "cat"}),
        (2, 3, {"cls": "dog"}),
    ]
    contents = Contents(Source(kind="webdataset", path=str(tmp_path)), tmp_path, "image")
    assert [contents.read(row) for row in rows] == [png(10), png(20)]
    (tmp_path / "shard.tar").write_bytes(pack({"1.png": png(10)}))
    fresh = Contents(Source(kind="webdataset", path=str(tmp_path)), tmp_path, "image")
    with pytest.raises(ContentMissing, match=r"shard\.tar#2 cannot be read again"):
        fresh.read(rows[1])


def test_of_two_images_with_one_name_the_one_that_was_indexed_is_found_again(tmp_path: Path) -> None:
    members = [("0.png", png(1)), ("1.png", png(2)), ("0.png", png(3)), ("1.json", b"{}")]
    rows = [row for row in read(tmp_path, pack(members), modality="image") if row["is_readable"]]
    contents = Contents(Source(kind="webdataset", path=str(tmp_path)), tmp_path, "image")
    assert [contents.read(row) for row in rows] == [png(1), png(2)]


def test_a_packed_archive_is_unpacked_once_however_many_images_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = {f"{n}.png": png(n) for n in range(30)}
    rows = read(tmp_path, gzip.compress(pack(images)), modality="image")
    opened: list[Path] = []
    open_file = archives.open_file
    monkeypatch.setattr(archives, "open_file", lambda path, *how: opened.append(path) or open_file(path, *how))
    contents = Contents(Source(kind="webdataset", path=str(tmp_path)), tmp_path, "image")
    backwards = [contents.read(row) for row in reversed(rows)]
    assert backwards == [images[row["uri"].partition("#")[2] + ".png"] for row in reversed(rows)]
    assert len(opened) == 1


@pytest.mark.parametrize("pack_whole", [bytes, gzip.compress])
def test_images_before_a_break_are_found_again(tmp_path: Path, pack_whole: Callable[[bytes], bytes]) -> None:
    rows = read(tmp_path, pack_whole(pack({"1.png": png(10), "2.png": png(20)})[:1536]), modality="image")
    (row,) = [row for row in rows if row["is_readable"]]
    contents = Contents(Source(kind="webdataset", path=str(tmp_path)), tmp_path, "image")
    assert contents.read(row) == png(10)
    with pytest.raises(ContentMissing, match="the archive breaks off: "):
        contents.read(row | {"uri": "shard.tar#3"})


def test_a_broken_json_beside_a_text_loses_the_text_only_where_it_is_needed(tmp_path: Path) -> None:
    shard = pack({"1.txt": b"one", "1.json": b"{", "1.cls": b"3"})
    (row,) = read(tmp_path, shard)
    assert (row["text"], json.loads(row["metadata"])["cls"]) == ("one", "3")
    assert json.loads(row["metadata"])["json"].startswith("<not JSON: ")
    for settings in ({"id_column": "id"}, {"keep_where_any": ("good",)}):
        (row,) = read(tmp_path, shard, **settings)
        assert row["error"].startswith("its member .json is not JSON: ")


def test_one_bad_member_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in (
            ("1.txt", b"one"),
            ("2.json", b"{"),
            ("3.cls", b"3"),
            ("4.txt", b"x" * 50),
            ("../../etc/5.txt", b"five"),
            ("/6.txt", b"six"),
            ("1.txt", b"again"),
            (".hidden.txt", b"no"),
            ("8.txt", b"eight"),
        ):
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
        link = tarfile.TarInfo("7.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    rows = read(tmp_path, packed.getvalue(), max_sample_bytes=40)
    errors = {row["uri"].removeprefix("shard.tar#"): row["error"] for row in rows}
    assert [uri for uri, error in errors.items() if error is None] == ["1", "8"]
    assert errors["2"].startswith("its member .json is not JSON: ")
    assert errors["3"] == "none of its members (.cls) is a text (.txt, .text, or in .json)"
    assert errors["4"] == "4.txt has 50 bytes, max_sample_bytes is 40; raise max_sample_bytes"
    assert errors["../../etc/5"] == "../../etc/5.txt leads out of the archive; pack it with plain relative names"
    assert errors["/6"] == "/6.txt leads out of the archive; pack it with plain relative names"
    assert errors["7"] == "7.txt is a link or a device, and archives are read without following any"
    again = next(uri for uri in errors if uri.startswith("1@"))
    assert errors[again] == "an earlier sample of the archive has the same name; rename one of them"


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        (1536 + 512 + 300, "breaks off after sample 1 ("),
        (1536, "breaks off after sample 1 ("),
    ],
)
def test_a_truncated_shard_gives_what_it_holds_and_says_where_it_ends(tmp_path: Path, cut: int, said: str) -> None:
    whole = pack({"1.txt": b"one", "2.txt": b"two " * 300})
    rows = read(tmp_path, whole[:cut])
    assert [(row["uri"], row["text"]) for row in rows if row["is_readable"]] == [("shard.tar#1", "one")]
    (broken,) = [row for row in rows if not row["is_readable"]]
    assert broken["uri"] == "shard.tar"
    assert broken["error"].startswith(said)
    assert broken["error"].endswith("what follows is lost: repair the file or fetch it again")


def test_a_damaged_header_in_the_midst_is_no_quiet_end(tmp_path: Path) -> None:
    whole = bytearray(pack({"1.txt": b"one", "2.txt": b"two", "3.txt": b"three"}))
    whole[1024:1100] = b"\xff" * 76
    rows = read(tmp_path, bytes(whole))
    assert [row["text"] for row in rows if row["is_readable"]] == ["one"]
    assert "breaks off after sample 1 (" in next(row["error"] for row in rows if not row["is_readable"])


def test_what_is_no_archive_is_one_unreadable_sample(tmp_path: Path) -> None:
    (row,) = read(tmp_path, b"not a tar file at all" * 100)
    assert row["error"].startswith("breaks off after its start (")


def test_an_archive_bomb_is_stopped(tmp_path: Path) -> None:
    bomb = gzip.compress(pack({"1.txt": b"one", "2.bin": bytes(80 << 20), "3.txt": b"three"}), 9)
    rows = read(tmp_path, bomb)
    assert [row["text"] for row in rows if row["is_readable"]] == ["one"]
    error = next(row["error"] for row in rows if not row["is_readable"])
    assert "unpacks to more than 200 times its size" in error


def test_a_member_that_repeats_a_name_has_a_row_of_its_own(tmp_path: Path) -> None:
    members = [("1.txt", b"one"), ("1.txt", b"again"), ("1.cls", b"a"), ("1.cls", b"b"), ("2.txt", b"two")]
    rows = {row["uri"]: row for row in read(tmp_path, pack(members))}
    assert (rows["shard.tar#1"]["text"], json.loads(rows["shard.tar#1"]["metadata"])) == ("one", {"cls": "a"})
    assert {uri: row["error"] for uri, row in rows.items() if "@" in uri} == {
        "shard.tar#1@1536": "1.txt is an earlier member's name too; rename one of them",
        "shard.tar#1@3584": "1.cls is an earlier member's name too; rename one of them",
    }
    assert len(rows) == 4


def test_archives_that_were_joined_are_read_to_the_end_of_the_last(tmp_path: Path) -> None:
    joined = pack({"1.png": png(1)}) + pack({"2.png": png(2)}) + pack({"3.png": png(3)})
    rows = read(tmp_path, joined, modality="image")
    assert [row["uri"] for row in rows if row["is_readable"]] == ["shard.tar#1", "shard.tar#2", "shard.tar#3"]
    contents = Contents(Source(kind="webdataset", path=str(tmp_path)), tmp_path, "image")
    assert [contents.read(row) for row in rows] == [png(1), png(2), png(3)]
    (broken,) = [row for row in read(tmp_path, joined + b"\xff" * 600, modality="image") if not row["is_readable"]]
    assert broken["error"].startswith("breaks off after sample 3 (")


@pytest.mark.parametrize("key", ["a#b", "caf\udce9", "a#b#c d", "x\\x41"])
@pytest.mark.parametrize("archive", ["shard #1.tar", "a#b#.tar", "plain.tar"])
def test_images_are_found_again_whatever_signs_are_in_the_names(key: str, archive: str, tmp_path: Path) -> None:
    (tmp_path / archive).write_bytes(pack({f"{key}.png": png(7)}))
    source = Source(kind="webdataset", path=str(tmp_path))
    (files,) = list_batches(source, Batches(), tmp_path).values()
    (row,) = read_batch(source, files, batch="b", modality="image").to_pylist()
    assert row["error"] is None
    assert Contents(source, tmp_path, "image").read(row) == png(7)


def test_an_archive_without_a_file_and_a_huge_extended_header_are_named(tmp_path: Path) -> None:
    (row,) = read(tmp_path, pack({}))
    assert row["error"] == "gives nothing: the archive holds no file; remove it or pack it again"
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    (row,) = read(tmp_path, header.tobuf() + bytes(5000))
    assert "an extended header of 1,073,741,824 bytes, of which at most 65,536 are read" in row["error"]
