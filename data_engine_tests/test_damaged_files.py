"""Damaged files of every kind end as rows with a reason or as an error of the engine's own, and never as another."""

import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from damaged_files import KINDS, damaged, sound_file

from data_engine.errors import DataEngineError
from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.source import Batches, Source

SECONDS = 2.0
"""For each kind."""
MOST_SECONDS_OF_ONE = 30.0


def options_of(kind: str) -> tuple[str, Any]:
    if kind in ("png", "jpeg", "tiff"):
        return "folder", "image"
    return {"json_array": "jsonl"}.get(kind, kind), "text"


@pytest.mark.parametrize("kind", KINDS)
def test_any_damage_ends_as_rows_with_a_reason_or_as_a_named_error(kind: str, tmp_path: Path) -> None:
    random = Random(f"{kind} 1")
    source_kind, modality = options_of(kind)
    source = Source(kind=source_kind, path=str(tmp_path), max_sample_s=20)
    n_tried, ends = 0, time.monotonic() + SECONDS
    while time.monotonic() < ends or n_tried < 20:
        content = damaged(sound_file(kind, random), random)
        (tmp_path / "file").write_bytes(content)
        ((file,),) = list_batches(source, Batches(), tmp_path).values()
        started = time.monotonic()
        try:
            rows = read_batch(source, [file], batch="b", modality=modality).to_pylist()
        except DataEngineError as error:
            assert "file" in str(error), content
        else:
            assert all(row["is_readable"] or row["error"] for row in rows), content
            assert not [row["error"] for row in rows if "its reader failed" in (row["error"] or "")], content
            assert not [row["error"] for row in rows if "the reader " in (row["error"] or "")], content
        assert time.monotonic() - started < MOST_SECONDS_OF_ONE, content
        n_tried += 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_file_is_read_without_an_error(kind: str, tmp_path: Path) -> None:
    source_kind, modality = options_of(kind)
    source = Source(kind=source_kind, path=str(tmp_path))
    (tmp_path / "file").write_bytes(sound_file(kind, Random(3)))
    ((file,),) = list_batches(source, Batches(), tmp_path).values()
    rows = read_batch(source, [file], batch="b", modality=modality).to_pylist()
    assert rows
    assert [row["error"] for row in rows if row["error"]] == []
