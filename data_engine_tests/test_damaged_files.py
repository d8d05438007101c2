"""Inputs that nobody listed end as rows with a reason or as an error of the engine's own, and never as another."""

import time
from pathlib import Path
from random import Random

import pytest
from damaged_files import KINDS, sound_file
from hostile_inputs import TRIED, source_of

from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.source import Batches

SECONDS = 2.0
"""For each kind."""


@pytest.mark.parametrize("kind", TRIED)
def test_any_input_ends_as_rows_with_a_reason_or_as_a_named_error(kind: str, tmp_path: Path) -> None:
    random = Random(f"{kind} 1")
    n_tried, ends = 0, time.monotonic() + SECONDS
    while time.monotonic() < ends or n_tried < 20:
        TRIED[kind](tmp_path, random)
        n_tried += 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_file_is_read_without_an_error(kind: str, tmp_path: Path) -> None:
    source, modality = source_of(kind, tmp_path)
    (tmp_path / ("file.tsv" if kind == "tsv" else "file")).write_bytes(sound_file(kind, Random(3)))
    ((file,),) = list_batches(source, Batches(), tmp_path).values()
    rows = read_batch(source, [file], batch="b", modality=modality).to_pylist()
    assert rows
    assert [row["error"] for row in rows if row["error"]] == []
