"""Images in a terminal: every character is two pixels, one above the other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.schemas.child_ids import parent_and_change

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_SIDE_PX = 56
_UPPER_HALF = "\N{UPPER HALF BLOCK}"


def drawn(runtime: CorpusRuntime, sample_id: str, console: "Console") -> "Text | None":
    """The thumbnail of a sample; None for texts, for unreadable images, and where the terminal has no colours."""
    if not runtime.corpus.samples.has_image or console.color_system in (None, "standard"):
        return None
    from data_engine.images import changed_thumbnail, pixels_of

    parent, change = parent_and_change(sample_id)
    rows = runtime.store().dataset("raw_index").to_table(columns=["thumbnail"], filter=pc.field("sample_id") == parent)
    thumbnail = next((content for content in rows["thumbnail"].to_pylist() if content), None)
    if thumbnail is None:
        return None
    if change:
        thumbnail = changed_thumbnail(thumbnail, change)

    return as_text(pixels_of(thumbnail, _SIDE_PX).tolist())


def as_text(pixels: Sequence[Sequence[Sequence[int]]]) -> "Text":
    """Rows of red, green and blue as half as many lines of text; below an odd last row the ground shows."""
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    lines = []
    for top in range(0, len(pixels), 2):
        line = Text()
        for column, upper in enumerate(pixels[top]):
            lower = pixels[top + 1][column] if top + 1 < len(pixels) else None
            ground = Color.from_rgb(*lower) if lower is not None else None
            line.append(_UPPER_HALF, Style(color=Color.from_rgb(*upper), bgcolor=ground))
        lines.append(line)
    return Text("\n").join(lines)
