"""One batch taken in piece by piece: its source, pieces of a size that a small batch has many of, and what it takes."""

import json
from pathlib import Path
from random import Random

from written_steps import notes_runtime

from data_engine.duplicates.texts import search
from data_engine.embedding import caching
from data_engine.filtering import judged_rows, raw_rows
from data_engine.indexing import samples
from data_engine.runtime.check_gate import run_checks
from data_engine.runtime.step_run import execute
from data_engine.runtime.steps import embeddings
from data_engine.runtime.versions import step_versions
from data_engine.storage.scratch import ordered_batches
from data_engine.storage.tables import parquet_files, table_scan

STEPS = ("raw_index", "first_pass", "embeddings")
_PIECE_BYTES, _ROWS = 1 << 16, 8
_WORDS_OF_A_TEXT = 1500


def write_source(folder: Path, n: int) -> None:
    """n long texts in two files of one batch: some equal an earlier one, some are like it, some are unreadable."""
    random, texts = Random(0), list[list[str]]()
    words = ["".join(random.choices("abcdefghijklmnop", k=random.randint(3, 9))) for _ in range(3000)]
    (folder / "source" / "may").mkdir(parents=True)
    files = [(folder / "source" / "may" / f"{name}.jsonl").open("w", encoding="utf-8") for name in "ba"]
    for number in range(n):
        text = random.choices(words, k=_WORDS_OF_A_TEXT)
        if number % 10 == 3:
            text = texts[-1]
        elif number % 10 == 7:
            text = [*texts[number // 2][1:], "another"]
        texts.append(text)
        row = json.dumps({"id": str(number), "text": " ".join(text)})
        files[number % 2].write(f"{row}\n" if number % 40 != 5 else "{broken\n")
    for file in files:
        file.close()


def use_small_pieces() -> None:
    """From now on a piece holds 64 kB, or 8 rows."""
    samples._BYTES_PER_PIECE = ordered_batches.IN_MEMORY_BYTES = ordered_batches.WINDOW_BYTES = _PIECE_BYTES
    table_scan.PIECE_BYTES = raw_rows.PIECE_BYTES = parquet_files._ROW_GROUP_BYTES = _PIECE_BYTES
    search._CHARACTERS_PER_READ = search._CHARACTERS_PER_PIECE = _PIECE_BYTES
    judged_rows._ROWS_PER_BATCH = embeddings._ROWS_PER_BATCH = caching.CHUNK = _ROWS


def take_in(folder: Path) -> dict[str, str]:
    """Run the first three steps and their checks; gives the data version of each, which the rows alone decide."""
    source = {"kind": "jsonl", "path": "source", "pattern": "**/*.jsonl", "id_column": "id"}
    limits = {"max_unreadable_share": 0.5}
    runtime = notes_runtime(folder, source=source, batches={"by": "folder"}, first_pass=limits)
    for step in STEPS:
        execute(runtime, step, "may", run_id="run")
    results = run_checks(runtime, runtime.store(), STEPS[-1], "may", run_id="run")
    failed = [result.detail for result in results if not result.passed]
    assert failed == []
    return {step: version.data_version for (step, _), version in step_versions(runtime.store()).items()}
