import io
import tarfile
from pathlib import Path

from data_engine.indexing import list_batches
from data_engine.indexing.listing.first_rows import FirstRows, first_rows, has_rows
from data_engine.indexing.source import Batches, Source


def _looked_at(folder: Path, at_most: int = 5, **options: object) -> FirstRows | None:
    source = Source.model_validate({"path": str(folder), **options})
    ((file,),) = list_batches(source, Batches(), folder).values()
    return first_rows(source, file, "text", at_most)


def test_columns_come_with_their_values_and_no_more_rows_than_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "x": 1}\n{"text": "b", "y": 2}\n{"z": 3}\n', "utf-8")
    found = _looked_at(tmp_path, 2, kind="jsonl", uri_pattern="(?P<name>.)[.]jsonl")
    assert found is not None
    assert found.columns == ["text", "x", "name", "y"]
    assert found.values("x") == [1, None]
    assert found.uris == ("a.jsonl#1", "a.jsonl#2")


def test_a_csv_file_is_read_with_the_delimiter_that_gives_the_most_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("no;text, or so;label\n1;b;c\n", "utf-8")
    found = _looked_at(tmp_path, kind="csv")
    assert found is not None
    assert found.columns == ["no", "text, or so", "label"]


def test_headers_of_texts_are_columns_and_files_without_rows_have_those_of_their_uri(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: one\n---\nA text of its own.\n", "utf-8")
    header = _looked_at(tmp_path, kind="front_matter")
    assert header is not None
    assert header.columns == ["title"]
    assert not has_rows(Source(kind="front_matter", path="x"))
    plain = _looked_at(tmp_path, kind="folder", uri_pattern="(?P<letter>[a-z])")
    assert plain is not None
    assert plain.rows == ({"letter": "a"},)


def test_what_cannot_be_read_is_none_and_left_to_its_batch(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no Parquet")
    assert _looked_at(tmp_path, kind="parquet") is None


def test_samples_of_archives_that_lack_the_named_member_say_so(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in ("one.body", "one.cls"):
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"text"))
    found = _looked_at(tmp_path, kind="webdataset", text_column="words", pattern="*.tar")
    assert found is not None
    assert found.rows == ()
    assert "a.tar" in found.error and ".words" in found.error
    named = _looked_at(tmp_path, kind="webdataset", text_column="body", pattern="*.tar")
    assert named is not None
    assert named.columns == ["cls"]
