"""Every release format keeps the same promises; it is read back by the lines that the data card shows."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data_engine.errors import StorageError
from data_engine.release_formats.registry import FORMATS, Format
from data_engine.releasing import write_release
from data_engine.schemas import RELEASE

ODD = (
    "line one\nline two\r\nthree\u2028four\u2029five\x85six",
    'quotes " and \\ and , and \t',
    "Ünal 日本 \U0001f600 e\u0301",
    "",
    "123e5",
    "2026-01-01",
    "null",
)


def _row(number: int, text: str | None) -> dict[str, Any]:
    return {
        "sample_id": f"{number:032d}",
        "release_id": "0123456789012345",
        "batch": "007",
        "uri": f"{number}.txt",
        "text": text,
        "label": "1.0",
        "provenance": "human",
        "posterior": number / 7,
        "quality": 1.0,
        "leaf": 3,
        "top_cluster": 0,
        "metadata": json.dumps({"author": text, "n": [number, None], "at": {"x": True}}, ensure_ascii=False),
    }


def _table(*texts: str | None) -> pa.Table:
    return pa.Table.from_pylist([_row(number, text) for number, text in enumerate(texts)], schema=RELEASE)


ROWS = _table(*ODD, None)


def _loaded(each: Format, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The rows as the lines of the data card give them, metadata parsed, what is missing as None."""
    monkeypatch.chdir(folder)
    known: dict[str, Any] = {}
    exec(each.load, known)
    samples = known["samples"].astype(object)
    rows: list[dict[str, Any]] = samples.where(samples.notna(), None).to_dict("records")
    return [{**row, "metadata": _parsed(row["metadata"])} for row in rows]


def _parsed(metadata: Any) -> Any:
    return json.loads(metadata) if isinstance(metadata, str) else metadata


@pytest.fixture(params=FORMATS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_row_and_column_comes_back_also_with_odd_characters(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FORMATS[name].write(ROWS, tmp_path / FORMATS[name].file_name)
    loaded = _loaded(FORMATS[name], tmp_path, monkeypatch)
    wanted = [{**row, "metadata": json.loads(row["metadata"])} for row in ROWS.to_pylist()]
    assert [list(row) for row in loaded] == [RELEASE.names] * len(wanted)
    for row, expected in zip(loaded, wanted, strict=True):
        assert row.pop("posterior") == pytest.approx(expected.pop("posterior"), rel=1e-6)
        assert row == expected


def test_identical_rows_give_identical_bytes_however_they_are_chunked(name: str, tmp_path: Path) -> None:
    chunked = pa.concat_tables([ROWS.slice(0, 3), ROWS.slice(3)])
    FORMATS[name].write(ROWS, tmp_path / "one")
    FORMATS[name].write(chunked, tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_release_without_rows_is_a_file_without_rows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FORMATS[name].write(RELEASE.empty_table(), tmp_path / FORMATS[name].file_name)
    assert _loaded(FORMATS[name], tmp_path, monkeypatch) == []


def test_a_release_of_this_format_alone_has_its_file_and_no_other(name: str, tmp_path: Path) -> None:
    hashes = write_release(tmp_path / "r1", ROWS, {}, "card", formats=[name])
    assert sorted(hashes) == sorted([FORMATS[name].file_name, "README.md", "croissant.json", "manifest.json"])
    manifest = json.loads((tmp_path / "r1" / "manifest.json").read_text("utf-8"))
    assert sorted(manifest["files"]) == sorted([FORMATS[name].file_name, "README.md", "croissant.json"])


def test_a_disk_that_fails_leaves_no_release(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="the disk is full"):
        write_release(tmp_path / "r1", ROWS, {}, "card", formats=[name])
    assert list(tmp_path.iterdir()) == []


def test_every_format_has_a_file_of_its_own() -> None:
    names = [each.file_name for each in FORMATS.values()]
    assert len(set(names) | {"README.md", "croissant.json", "manifest.json", "images"}) == len(names) + 4
