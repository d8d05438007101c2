import errno
import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_engine.errors import InvalidInput, SchemaMismatch, StorageError
from data_engine.release_formats import jsonl
from data_engine.release_formats.registry import FORMATS
from data_engine.releasing import write_release
from data_engine.releasing.rows import exported_rows
from data_engine.schemas import RELEASE


def _row(sample_id, text="plain", metadata='{"author": "Ünal", "n": 2}', posterior=0.9):
    return {
        "sample_id": sample_id,
        "release_id": "r1",
        "batch": "part-00",
        "uri": f"{sample_id}.txt",
        "text": text,
        "label": "mit",
        "provenance": "human",
        "posterior": posterior,
        "quality": 1.0,
        "leaf": 3,
        "top_cluster": 0,
        "metadata": metadata,
    }


def _table(*rows):
    return pa.Table.from_pylist(list(rows), schema=RELEASE)


ROWS = _table(_row("b", text="line one\nline two\u2028three"), _row("a", text=None))


def test_a_release_is_five_files_and_the_manifest_names_the_hash_of_each(tmp_path):
    hashes = write_release(tmp_path / "r1", ROWS, {"n_samples": 2}, "# Licences\n")

    assert sorted(hashes) == ["README.md", "croissant.json", "data.jsonl", "data.parquet", "manifest.json"]
    for name, sha256 in hashes.items():
        assert hashlib.sha256((tmp_path / "r1" / name).read_bytes()).hexdigest() == sha256
    manifest = json.loads((tmp_path / "r1" / "manifest.json").read_text("utf-8"))
    assert manifest["n_samples"] == 2
    assert {name: file["sha256"] for name, file in manifest["files"].items()} == {
        name: hashes[name] for name in ("README.md", "croissant.json", "data.jsonl", "data.parquet")
    }
    assert manifest["files"]["README.md"]["n_bytes"] == 11
    assert (tmp_path / "r1" / "README.md").read_text("utf-8") == "# Licences\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "r1"]


def test_images_lie_beside_the_data_and_are_drawn_for_a_new_release_only(tmp_path):
    drawn = []

    def images():
        for name in ("a.png", "b.jpg"):
            drawn.append(name)
            yield name, name.encode()

    for _ in range(2):
        hashes = write_release(tmp_path / "r1", ROWS, {}, "", images=images())

    assert sorted(hashes) == ["README.md", "croissant.json", "data.jsonl", "data.parquet", "manifest.json"]
    folder = tmp_path / "r1" / "images"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.png": b"a.png", "b.jpg": b"b.jpg"}
    assert drawn == ["a.png", "b.jpg"]


def test_both_data_files_hold_the_rows_sorted_by_id(tmp_path):
    write_release(tmp_path / "r1", ROWS, {}, "")

    parquet = pq.read_table(tmp_path / "r1" / "data.parquet")
    assert parquet.to_pylist() == [exported_rows(ROWS).to_pylist()[1], exported_rows(ROWS).to_pylist()[0]]
    lines = (tmp_path / "r1" / "data.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 2
    first, second = map(json.loads, lines)
    assert first == {**_row("a", text=None), "metadata": {"author": "Ünal", "n": 2}}
    assert second["text"] == "line one\nline two\u2028three"
    assert '"posterior": 0.9,' in lines[0]
    assert "Ünal" in lines[0]


def test_identical_rows_give_identical_bytes_whatever_their_order(tmp_path):
    one = write_release(tmp_path / "one", ROWS, {"seed": 1}, "card")
    other = write_release(tmp_path / "other", ROWS.take([1, 0]), {"seed": 1}, "card")

    assert one == other


def test_an_identical_release_is_left_alone(tmp_path):
    first = write_release(tmp_path / "r1", ROWS, {"run": "one"}, "card")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "r1").iterdir()}

    again = write_release(tmp_path / "r1", ROWS, {"run": "two"}, "another card")

    assert again == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "r1").iterdir()} == before


def test_another_release_under_the_same_id_is_an_error(tmp_path):
    write_release(tmp_path / "r1", ROWS, {}, "card")

    with pytest.raises(StorageError, match=r"already holds release r1 with another data.parquet .* never changed"):
        write_release(tmp_path / "r1", _table(_row("c")), {}, "card")
    assert pq.read_table(tmp_path / "r1" / "data.parquet").num_rows == 2
    assert list(tmp_path.iterdir()) == [tmp_path / "r1"]


def test_a_full_disk_leaves_no_release_and_no_leftovers(tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(jsonl, "json_line", full)
    with pytest.raises(StorageError, match=r"writing release r1 failed at .*the disk is full .*no release was changed"):
        write_release(tmp_path / "r1", ROWS, {}, "card")
    assert list(tmp_path.iterdir()) == []


def test_what_json_cannot_hold_is_refused_with_the_sample(tmp_path):
    with pytest.raises(InvalidInput, match="posterior of sample a is nan, which JSON cannot hold"):
        write_release(tmp_path / "r1", _table(_row("a", posterior=float("nan"))), {}, "")
    with pytest.raises(InvalidInput, match="metadata of sample a is no JSON"):
        write_release(tmp_path / "r1", _table(_row("a", metadata="{")), {}, "")
    with pytest.raises(InvalidInput, match="metadata of sample a is a JSON list; it must be an object"):
        write_release(tmp_path / "r1", _table(_row("a", metadata="[]")), {}, "")
    with pytest.raises(SchemaMismatch, match="column 'label' of release is missing"):
        write_release(tmp_path / "r1", ROWS.drop_columns(["label"]), {}, "")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_release_can_be_written(tmp_path):
    write_release(tmp_path / "r0", RELEASE.empty_table(), {}, "card")

    assert (tmp_path / "r0" / "data.jsonl").read_bytes() == b""
    assert pq.read_table(tmp_path / "r0" / "data.parquet").num_rows == 0


def test_a_format_that_does_not_exist_and_none_are_refused(tmp_path):
    known = ", ".join(FORMATS)
    assert known.startswith("parquet, jsonl")
    for formats in (["parquet", "excel"], []):
        with pytest.raises(InvalidInput, match=rf"formats is \[.*\]; name at least one of {known} and no other"):
            write_release(tmp_path / "r1", ROWS, {}, "card", formats=formats)
    assert list(tmp_path.iterdir()) == []


def test_a_release_with_more_formats_than_asked_for_is_left_alone(tmp_path):
    both = write_release(tmp_path / "r1", ROWS, {}, "card")

    assert write_release(tmp_path / "r1", ROWS, {}, "card", formats=["jsonl"]) == both
    assert sorted(path.name for path in (tmp_path / "r1").iterdir()) == sorted(both)


def test_a_release_never_gets_another_format_later(tmp_path):
    first = write_release(tmp_path / "r1", ROWS, {}, "card", formats=["jsonl"])

    with pytest.raises(StorageError, match=r"another data\.parquet \(sha256 missing there, .* remove the folder"):
        write_release(tmp_path / "r1", ROWS, {}, "card")
    assert sorted(path.name for path in (tmp_path / "r1").iterdir()) == sorted(first)


def test_a_data_file_that_is_gone_is_told_from_one_that_never_was(tmp_path):
    write_release(tmp_path / "r1", ROWS, {}, "card")
    (tmp_path / "r1" / "data.jsonl").unlink()

    with pytest.raises(StorageError, match=r"with another data\.jsonl \(sha256 missing there, .* restore that file"):
        write_release(tmp_path / "r1", ROWS, {}, "card")
