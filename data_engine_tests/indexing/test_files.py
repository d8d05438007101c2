import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xxhash
from PIL import Image

from data_engine import schemas
from data_engine.indexing import list_batches, read_batch, sample_id_of_text
from data_engine.indexing.files import VANISHED
from data_engine.indexing.source import Batches, Source


def read(root: Path, kind: str = "folder", modality: Any = "text", **settings: Any) -> list[dict[str, Any]]:
    source = Source(kind=kind, path=str(root), **settings)
    files = [file for batch in list_batches(source, Batches(), root).values() for file in batch]
    table = read_batch(source, files, batch="b", modality=modality)
    assert table.schema.equals(schemas.RAW_INDEX, check_metadata=True)
    rows = table.to_pylist()
    assert [row["uri"] for row in rows] == sorted(row["uri"] for row in rows)
    assert all(row["is_readable"] == (row["error"] is None) and row["batch"] == "b" for row in rows)
    return rows


def image(path: Path, size: tuple[int, int] = (7, 5), **settings: Any) -> Path:
    Image.new("RGB", size, (200, 10, 10)).save(path, **settings)
    return path


def test_the_id_is_the_hash_of_the_text_whatever_its_line_ends_and_margins(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_bytes(b"one\ntwo")
    (tmp_path / "2.txt").write_bytes(b"\r\n  one\r\ntwo \r\n")
    (tmp_path / "3.txt").write_bytes("cafe\u0301".encode())
    (tmp_path / "4.txt").write_bytes("caf\u00e9".encode())
    rows = read(tmp_path)
    assert [row["text"] for row in rows] == ["one\ntwo", "one\ntwo", "caf\u00e9", "caf\u00e9"]
    expected = xxhash.xxh3_128_hexdigest(b"one\ntwo")
    assert [row["sample_id"] for row in rows[:2]] == [expected, expected]
    assert rows[2]["sample_id"] == rows[3]["sample_id"] == sample_id_of_text("caf\u00e9\n")
    assert [row["n_bytes"] for row in rows] == [7, 15, 6, 5]


def test_an_empty_file_is_a_readable_empty_text(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_bytes(b"")
    (row,) = read(tmp_path)
    assert (row["text"], row["is_readable"], row["n_bytes"], row["media_type"]) == ("", True, 0, "text/plain")


def test_the_encoding_is_noted_when_it_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_bytes("Größe".encode("cp1252"))
    (tmp_path / "2.txt").write_bytes(b"\xff\xfe" + "Größe".encode("utf-16-le"))
    first, second = read(tmp_path)
    assert (first["text"], json.loads(first["metadata"])) == ("Größe", {"encoding": "cp1252"})
    assert (second["text"], json.loads(second["metadata"])) == ("Größe", {"encoding": "utf-16-le"})
    assert first["sample_id"] == second["sample_id"]


def test_binary_content_is_an_unreadable_sample(tmp_path: Path) -> None:
    content = bytes(range(256))
    (tmp_path / "1.txt").write_bytes(content)
    (row,) = read(tmp_path)
    assert (row["error"], row["text"], row["n_bytes"]) == ("binary content", None, 256)
    assert row["sample_id"] == xxhash.xxh3_128_hexdigest(content)


def test_a_file_above_the_limit_is_hashed_but_not_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_bytes(b"x" * 3_000_000)
    (tmp_path / "2.txt").write_bytes(b"x" * 1000)
    large, exact = read(tmp_path, max_sample_bytes=1000)
    expected = "has 3000000 bytes, max_sample_bytes is 1000; split the file or raise max_sample_bytes"
    assert (large["error"], large["n_bytes"]) == (expected, 3_000_000)
    assert large["sample_id"] == xxhash.xxh3_128_hexdigest(b"x" * 3_000_000)
    assert exact["is_readable"]


def test_a_file_that_vanished_since_the_listing_is_an_unreadable_sample(tmp_path: Path) -> None:
    for name in ("1.txt", "2.txt"):
        (tmp_path / name).write_text(name, "utf-8")
    source = Source(kind="folder", path=str(tmp_path))
    (files,) = list_batches(source, Batches(), tmp_path).values()
    (tmp_path / "1.txt").unlink()
    first, second = read_batch(source, files, batch="b", modality="text").to_pylist()
    assert (first["error"], first["n_bytes"]) == (VANISHED, 5)
    assert first["sample_id"] == xxhash.xxh3_128_hexdigest(b"1.txt")
    assert second["is_readable"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionError(13, "Permission denied"), "permission denied; grant read access to the file"),
        (OSError(5, "Input/output error"), "cannot be read: Input/output error"),
    ],
)
def test_a_file_that_cannot_be_opened_is_an_unreadable_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, expected: str
) -> None:
    (tmp_path / "1.txt").write_text("one", "utf-8")

    def refuse(self: Path, *args: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    for kind, modality in (("folder", "text"), ("folder", "image"), ("front_matter", "text")):
        (row,) = read(tmp_path, kind=kind, modality=modality)
        assert row["error"] == expected
    (row,) = read(tmp_path, kind="jsonl", modality="text")
    assert row["error"].startswith(f"breaks off after its start ({error})")


def test_a_header_becomes_metadata_and_the_rest_is_the_text(tmp_path: Path) -> None:
    (tmp_path / "1.md").write_bytes(
        b"---\r\ntitle: A day\r\nid: 7\r\ndate: 2024-01-31\r\nnan: .nan\r\n---\r\n\r\nHello\r\n--- \r\nyou"
    )
    (row,) = read(tmp_path, kind="front_matter", id_column="id")
    assert row["text"] == "Hello\n--- \nyou"
    assert row["source_id"] == "7"
    assert json.loads(row["metadata"]) == {"title": "A day", "date": "2024-01-31", "nan": None}
    assert row["n_bytes"] == len("\n\nHello\n--- \nyou")


def test_files_without_a_header_or_with_an_empty_one_have_no_metadata(tmp_path: Path) -> None:
    (tmp_path / "1.md").write_text("just text --- here", "utf-8")
    (tmp_path / "2.md").write_text("---\n---\njust text --- here", "utf-8")
    (tmp_path / "3.md").write_text("----\njust text", "utf-8")
    rows = read(tmp_path, kind="front_matter")
    assert [row["metadata"] for row in rows] == ["{}", "{}", "{}"]
    assert [row["text"] for row in rows] == ["just text --- here", "just text --- here", "----\njust text"]


def test_only_samples_with_one_wanted_column_true_are_read(tmp_path: Path) -> None:
    headers = ["good: yes", "good: no", "other: true", "fine: 'true'", "good: 0\nfine: 1", "note: good"]
    for number, header in enumerate(headers):
        (tmp_path / f"{number}.md").write_text(f"---\n{header}\n---\ntext {number}", "utf-8")
    rows = read(tmp_path, kind="front_matter", keep_where_any=("good", "fine"))
    assert [row["uri"] for row in rows] == ["0.md", "3.md", "4.md"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"---\ngood: [1\n---\ntext", "broken YAML header in line 3: "),
        (b"---\n- good\n---\ntext", "the YAML header is a list, not a list of `name: value` lines"),
        (b"---\ngood: yes\ntext", "the header that `---` opens in line 1 is never closed by another `---`"),
        (b"---\ngood: 2024-99-99\n---\ntext", "broken YAML header: month must be in 1..12"),
        (b"---\ngood: &a [*a]\n---\ntext", "the YAML header expands to more than 100000 values; remove its aliases"),
        (b"---\ngood: !!python/object:os.system {}\n---\n", "broken YAML header in line 2: "),
        (b"---\ngood: \x00\x01\x02\n---\n", "binary content"),
    ],
)
def test_a_header_that_cannot_be_read_is_named_even_where_only_some_are_wanted(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    (tmp_path / "1.md").write_bytes(content)
    (row,) = read(tmp_path, kind="front_matter", keep_where_any=("good",))
    assert row["error"].startswith(expected)


def test_images_have_a_size_and_a_type_and_no_text(tmp_path: Path) -> None:
    image(tmp_path / "1.png")
    image(tmp_path / "2.jpg", (30, 20))
    image(tmp_path / "3.dat", format="WEBP")
    rows = read(tmp_path, modality="image")
    assert [(row["media_type"], row["width_px"], row["height_px"]) for row in rows] == [
        ("image/png", 7, 5),
        ("image/jpeg", 30, 20),
        ("image/webp", 7, 5),
    ]
    assert all(row["text"] is None and row["is_readable"] for row in rows)
    assert rows[0]["sample_id"] == xxhash.xxh3_128_hexdigest((tmp_path / "1.png").read_bytes())


def test_broken_images_are_unreadable_samples(tmp_path: Path) -> None:
    for name in ("1.png", "2.jpg"):
        whole = image(tmp_path / name, (64, 64)).read_bytes()
        (tmp_path / name).write_bytes(whole[:-40])
    (tmp_path / "3.png").write_bytes(b"")
    (tmp_path / "4.png").write_text("no image", "utf-8")
    errors = [row["error"] for row in read(tmp_path, modality="image")]
    assert all(error.startswith("truncated image: the file ends before the image does") for error in errors[:2])
    assert errors[2] == "empty file, not an image"
    assert errors[3].startswith("not an image in a format that is read")


def test_images_with_too_many_pixels_are_unreadable(tmp_path: Path) -> None:
    image(tmp_path / "1.png", (20, 20))
    image(tmp_path / "2.png", (40, 40))
    first, second = read(tmp_path, modality="image", max_pixels=400)
    assert first["is_readable"]
    assert second["error"] == "has 40 x 40 pixels, max_pixels is 400; scale it down or raise max_pixels"


def test_images_have_a_thumbnail_and_say_how_they_are_shown(tmp_path: Path) -> None:
    image(tmp_path / "1.png", (400, 200))
    Image.new("RGBA", (3, 3), (0, 0, 0, 0)).save(tmp_path / "2.png")
    rows = read(tmp_path, modality="image")
    assert Image.open(BytesIO(rows[0]["thumbnail"])).size == (128, 64)
    assert json.loads(rows[0]["metadata"]) == {}
    assert json.loads(rows[1]["metadata"]) == {"image": {"mode": "RGBA", "background": "white"}}


def test_ids_given_twice_stay(tmp_path: Path) -> None:
    for number, identity in enumerate(["x", "true", "x", "", "z", "z"]):
        (tmp_path / f"{number}.md").write_text(f"---\nid: {identity}\n---\ntext {number}", "utf-8")
    source = Source(kind="front_matter", path=str(tmp_path), id_column="id")
    (files,) = list_batches(source, Batches(), tmp_path).values()
    table = read_batch(source, files, batch="b", modality="text")
    assert table["source_id"].to_pylist() == ["x", "True", "x", None, "z", "z"]
