"""SampleForm: how the files, rows and members of archives of a source become samples of one modality.

The forms there are stand in `forms.py`; a modality names its own in its declaration.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_engine.modalities import find_modality, load

if TYPE_CHECKING:
    from data_engine.indexing.columnar.rows import Row
    from data_engine.indexing.samples import RawSample
    from data_engine.indexing.source_files import ReadOptions, SourceFile


@dataclass(frozen=True)
class SampleForm:
    """What is done with one file, one row and one sample of an archive."""

    columns: tuple[str, ...]
    """The options of the source that name the columns of rows with the content."""
    of_file: "Callable[[SourceFile, ReadOptions], Iterator[RawSample]]"
    """(file, options) to the sample of a file that is one."""
    of_row: "Callable[[SourceFile, Row, dict[str, Any], ReadOptions], RawSample]"
    """(file, row, its columns, options) to the sample of a row that has all of `columns`."""
    id_of: "Callable[[bytes | None, str | None], str]"
    """(bytes, text) of a sample to its id."""
    of_members: Callable[..., "RawSample | None"]
    """(place, key, members, options, modality) to the sample of an archive's members of one name; None for one that
    `keep_where_any` does not ask for."""


def id_of(modality: str) -> "Callable[[bytes | None, str | None], str]":
    """What gives the id of a sample of a modality by its bytes and its text."""
    return form_of(modality).id_of


def form_of(modality: str) -> SampleForm:
    """The form of a modality."""
    form: SampleForm = load(find_modality(modality).form)
    return form
