"""Looking: what the function of a modality is given that makes the subjects of its rules.

Which function that is stands in the declaration of the modality, as `looks`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def _nothing() -> Iterator[bytes]:
    return iter(())


@dataclass(frozen=True, eq=False)
class Looking:
    """Some rows of a raw index, each of which becomes a subject or None, in their order."""

    raw: "pa.Table"
    """Columns `sample_id` and `uri`; `text` where the modality holds texts; `metadata` and `is_readable` where its
    samples are read again."""
    contents: Callable[[], Iterable[bytes]] = _nothing
    """Gives the bytes of each row, read while they are asked for; empty ones where there are none to be had."""
    options: Any = None
    """The block `source` of the corpus; None where nothing is read again."""
    settings: Any = None
    """The block `first_pass` of the corpus."""
    learned: Mapping[str, Callable[[str], float | None]] = field(default_factory=lambda: MappingProxyType({}))
    """Scores of texts by the filters that learn from examples, by the name of their rule."""
    progress: Callable[[int], object] = lambda _n: None
    """Told how many more subjects there are; on any thread."""
