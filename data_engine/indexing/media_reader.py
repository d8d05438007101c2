"""Contents: the bytes of a sample again, by its row of the raw index.

The raw index says where every sample was read; later steps need what it does not hold. How the bytes of a kind of
source are found is said in `registry.py`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_engine.errors import ContentMissing
from data_engine.errors.secret_texts import harmless
from data_engine.indexing.listing.remote import shown_name
from data_engine.indexing.registry import KINDS
from data_engine.indexing.samples import id_of
from data_engine.indexing.source import Source
from data_engine.modalities import find_modality


class Contents:
    """The bytes of the samples of one source."""

    def __init__(self, source: Source, project_folder: Path, modality: str) -> None:
        """Nothing is opened before the first read.

        Raises: SourceMissing when the package that carries the data is not installed.
        """
        root = source.resolve(project_folder)
        is_file = root.is_file()
        self._folder = root.parent if is_file else root
        # The uri of the one file of a URL lacks the query by which it is found.
        self._name = root.name if is_file and not isinstance(root, Path) else ""
        self._shown = "" if isinstance(root, Path) else shown_name(root, self._name)
        self._noun, self._id_of = find_modality(modality).one.partition(" ")[2], id_of(modality)
        self._find = KINDS[source.kind].find(self._folder, source, modality)

    def read(self, row: Mapping[str, Any]) -> bytes:
        """The bytes of a sample.

        Args:
            row: `sample_id`, `uri` and `metadata` of its row of the raw index, and `text` where that holds one.

        Raises: ContentMissing when it is gone, may not be read, or is not what was indexed.
        """
        try:
            content = self._find(self._place(row["uri"]), row["metadata"])
        except (OSError, ValueError, KeyError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ContentMissing(
                f"{self._noun} {row['uri']} cannot be read again below {self._folder} ({reason}); put it "
                "back, or ingest its batch anew"
            ) from harmless(error)
        if self._id_of(content, row.get("text")) != row["sample_id"]:
            raise ContentMissing(f"{self._noun} {row['uri']} has changed since it was indexed; ingest its batch anew")
        return content

    def _place(self, uri: str) -> str:
        return self._name + uri[len(self._shown) :] if self._name and uri.startswith(self._shown) else uri
