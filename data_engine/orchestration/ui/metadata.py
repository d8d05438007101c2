"""Values as Dagster metadata: tables as previews, paths as links, small images in place.

What is shown of each step is in `step_views.py`.
"""

import base64
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

_MAX_PNG_BYTES = 100_000
_SHOWN = 60
_SHOWN_OF_ID = 12
_MOST_ROWS = 18


def preview(table: pa.Table, n_rows: int = 8) -> dg.MarkdownMetadataValue | dg.TableMetadataValue:
    """The first rows as a table, narrow enough to be read: texts and ids are cut, bytes are given by their length."""
    rows = [
        dg.TableRecord({name: _cell(name, value) for name, value in row.items()})
        for row in table.slice(0, n_rows).to_pylist()
    ]
    if not rows:
        return dg.MetadataValue.md("*no rows*")
    return dg.MetadataValue.table(
        rows, schema=dg.TableSchema([dg.TableColumn(field.name, _kind(field.type)) for field in table.schema])
    )


def shown_value(value: Any) -> Any:
    """A value of a step's metadata as Dagster takes it."""
    if isinstance(value, pa.Table):
        return preview(value, n_rows=_MOST_ROWS)
    if isinstance(value, Path):
        return dg.MetadataValue.path(str(value))
    return str(value) if isinstance(value, os.PathLike) or hasattr(value, "joinpath") else value


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> dg.MarkdownMetadataValue:
    """Rows of Markdown as a table: for long texts, and for images, which the cells of `preview` cannot hold."""
    lines = [columns, ["---"] * len(columns), *rows]
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(line)} |" for line in lines))


def verbatim(text: str) -> str:
    """A text for a cell of `markdown_table`, shown as it is: no sign of it is markup and no address becomes a link."""
    line = " ".join(text.replace("`", "'").replace("|", "\\|").split())
    return f"`{line}`" if line else ""


def image(png: bytes, alt: str = "plot") -> dg.MarkdownMetadataValue | dg.TextMetadataValue:
    """A PNG or JPEG that the UI shows in place; one too large for the event log is named instead."""
    if len(png) > _MAX_PNG_BYTES:
        return dg.MetadataValue.text(f"image of {len(png):,} bytes; see the HTML report")
    return dg.MetadataValue.md(inline_image(png, alt))


def inline_image(content: bytes, alt: str = "plot") -> str:
    """Markdown that holds a PNG or a JPEG; also for a cell of `markdown_table`."""
    # Brackets would end the text, and a line end the image.
    alt = " ".join(alt.replace("[", "(").replace("]", ")").split())
    kind = "jpeg" if content.startswith(b"\xff\xd8") else "png"
    return f"![{alt}](data:image/{kind};base64,{base64.b64encode(content).decode()})"


def _cell(name: str, value: Any) -> str | int | float | bool | None:
    if isinstance(value, float):
        return round(value, 1) if abs(value) >= 1000 else float(f"{value:.4g}")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if name.endswith("_id") and len(text) > _SHOWN_OF_ID:
        return text[:_SHOWN_OF_ID]
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ... ({len(text):,} characters)"


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_integer(kind):
        return "int"
    return "float" if pa.types.is_floating(kind) else "string"
