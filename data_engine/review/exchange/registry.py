"""Exchange formats by name: `EXCHANGE_FORMATS` is the only list of them.

Each is a module beside this one, imported when it is used. The formats of releases are in `release_formats/`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.class_answers import CLASS
from data_engine.review.exchange.exchanged import Exchange


@dataclass(frozen=True)
class ExchangeFormat:
    """A form in which review batches with their answers are written to a file and read from one."""

    meaning: str
    """What the file is, as the command line says it."""
    module: str
    """The module beside this one that has `write(exchange, path)` and `read(path)`; what one writes, the other reads
    to the same `Exchange`. Reading raises InvalidInput with the place in the file, and never anything else."""
    suffix: str
    """How its files end."""
    media_type: str
    """Over HTTP."""
    is_of_classes: bool = False
    """Whether it has room for answers that are classes alone."""


#: Every exchange format, by its name on the command line. To add one: a module with `write` and `read`, and an entry
#: here; the contract test of this module then covers it.
EXCHANGE_FORMATS: dict[str, ExchangeFormat] = {
    "label_studio": ExchangeFormat(
        "Label Studio JSON: tasks with predictions and annotations", "label_studio", ".json", "application/json", True
    ),
    "jsonl": ExchangeFormat("JSON lines, a line for each answer", "jsonl", ".jsonl", "application/x-ndjson"),
    "csv": ExchangeFormat("CSV, a line for each answer", "csv", ".csv", "text/csv"),
    "parquet": ExchangeFormat(
        "Parquet, a row for each answer", "parquet", ".parquet", "application/vnd.apache.parquet"
    ),
    "coco": ExchangeFormat("COCO JSON, an annotation for each answer", "coco", ".json", "application/json", True),
}


def exchange_format(name: str) -> ExchangeFormat:
    """The format of this name. Raises: InvalidInput listing those that there are."""
    if name not in EXCHANGE_FORMATS:
        raise InvalidInput(f"format is {name[:80]!r}; it must be one of {', '.join(EXCHANGE_FORMATS)}")
    return EXCHANGE_FORMATS[name]


def write_file(exchange: Exchange, name: str, path: Path) -> None:
    """Write a file in the format of this name. Raises: InvalidInput for an unknown one, or a place without a folder."""
    write: Callable[[Exchange, Path], None] = _module(name).write
    kinds = {batch.kind for batch in exchange.batches.values()} - {CLASS}
    if kinds and exchange_format(name).is_of_classes:
        others = [each for each, form in EXCHANGE_FORMATS.items() if not form.is_of_classes]
        raise InvalidInput(
            f"answers are of the kind {', '.join(sorted(kinds))}, and {name} has room for classes alone; take one of "
            f"{', '.join(others)}"
        )
    try:
        write(exchange, path)
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be written ({error.strerror}); give a path in a folder that exists"
        ) from error


def read_file(name: str, path: Path) -> Exchange:
    """Read a file in the format of this name. Raises: InvalidInput naming the file and the place in it."""
    read: Callable[[Path], Exchange] = _module(name).read
    try:
        return read(path)
    except InvalidInput as error:
        raise InvalidInput(f"{path.name}, {error}; nothing was imported") from error


def _module(name: str) -> Any:
    return import_module(f"data_engine.review.exchange.{exchange_format(name).module}")
