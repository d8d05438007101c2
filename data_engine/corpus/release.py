"""The block `release` of a corpus' YAML: what a release holds and what its data card says.

Releases are written by `data_engine.releasing`.
"""

from typing import Literal

from data_engine.settings import Settings


class Release(Settings):
    """Contents of a release and of its data card."""

    former_names = {"pictures": "images"}  # noqa: RUF012

    title: str = ""
    """Title of the data card; the corpus' name when empty."""
    description: str = ""
    """What the data is, for the data card."""
    licence: str = "unknown"
    """Licence of the content."""
    attribution: str = ""
    """Whom the licence asks to name."""
    pii: Literal["keep", "mask"] = "keep"
    """mask: e-mail addresses, phone numbers and keys in the released texts become `<email>`, `<phone>` and `<secret>`.
    The sample keeps its id, the hash of the raw content; the ledger says what was masked."""
    images: bool = True
    """Whether a release of images holds them, as they are at the source; without them its rows have their uris."""
