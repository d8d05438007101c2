"""Release formats by name: `FORMATS` is the only list of them.

Each is written by a module beside this one, imported when a release is written; the folder of a release as a whole is
in `data_engine.releasing.writer`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Format:
    """A format in which the rows of a release are written, as one file."""

    meaning: str
    """What the file is, as the corpus' schema says it."""
    file_name: str
    """Name of the file in the release's folder."""
    write: "Callable[[pa.Table, Path], None]"
    """(rows in `schemas.RELEASE`, path) writes the file; identical rows give identical bytes. Raises: InvalidInput for
    a value that the format cannot hold, naming the sample."""
    load: str
    """Python lines, run in the release's folder, that give `samples`, a pandas table with a row per sample."""
    load_dataset: str
    """Arguments of `datasets.load_dataset` that give the same."""


def _write_parquet(rows: "pa.Table", path: Path) -> None:
    from data_engine.release_formats import parquet

    parquet.write(rows, path)


def _write_jsonl(rows: "pa.Table", path: Path) -> None:
    from data_engine.release_formats import jsonl

    jsonl.write(rows, path)


#: Every release format, by its name in the corpus' description. To add one: a module with its `write`, and an entry
#: here; the tests of this module then cover it.
FORMATS: dict[str, Format] = {
    "parquet": Format(
        "a Parquet file with the exact types",
        "data.parquet",
        _write_parquet,
        load='import pandas as pd\n\nsamples = pd.read_parquet("data.parquet")',
        load_dataset='"parquet", data_files="data.parquet", split="train"',
    ),
    "jsonl": Format(
        "a line of JSON for each sample, with its metadata as an object",
        "data.jsonl",
        _write_jsonl,
        load='import pandas as pd\n\nsamples = pd.read_json("data.jsonl", lines=True, dtype=False)',
        load_dataset='"json", data_files="data.jsonl", split="train"',
    ),
}
