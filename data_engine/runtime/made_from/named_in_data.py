"""Whether the source holds what the YAML of a corpus names in it: columns, patterns and batches, before work starts.

The rows looked at come from `indexing.first_rows`; whether known labels name classes is in `reporting.metrics`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data_engine.corpus.known_labels import label_text
from data_engine.corpus.yaml_file import place_of
from data_engine.errors import InvalidInput
from data_engine.indexing.first_rows import FirstRows, first_rows, has_rows

if TYPE_CHECKING:
    from data_engine.corpus import Corpus
    from data_engine.indexing import SourceFile
    from data_engine.runtime.versions import StepVersion

Files = Mapping[str, "Sequence[SourceFile]"]

#: Rows of a file that are looked at for the names of columns, and for labels that a pattern matches.
_ROWS, _ROWS_OF_IMAGES, _ROWS_OF_LABELS = 1000, 20, 20_000
#: Names and values that a message shows.
_MOST_SHOWN = 20


def check_names_in_data(
    corpus: "Corpus",
    batches: Files,
    versions: "Mapping[tuple[str, str], StepVersion]",
    stale: Mapping[str, str],
) -> None:
    """Stop before anything is read when no file has what the YAML names.

    A name that some files have and others lack is left to their batches, which are held back one by one; so are names
    that a batch was read with before.

    Args:
        corpus: Names columns, patterns and batches.
        batches: The files of the source by batch.
        versions: The last version of every step.
        stale: The first step that runs of every batch that is about to be taken in.

    Raises: InvalidInput naming a file, the field with its line in the YAML, what it asks for and what there is.
    """
    _check_batches(corpus, batches)
    raw = {batch: batches[batch] for batch, step in stale.items() if step == "raw_index"}
    is_proven = any(("raw_index", batch) in versions and batch not in raw for batch in batches)
    if raw and not is_proven:
        _check_columns(corpus, _looked_at(corpus, raw), _fields_of_source(corpus))
        _check_members(corpus, raw)
        _check_uri_pattern(corpus, raw)
    junk = corpus.first_pass.junk
    if junk is not None and junk.column is not None and stale:
        files = {batch: batches[batch] for batch in junk.batches}
        _check_columns(corpus, _looked_at(corpus, files), {("first_pass", "junk", "column"): (junk.column,)})
    if corpus.known_label_column is not None and _labels_are_others(corpus, versions):
        labels = (corpus.known_label_column,)
        _check_columns(corpus, _looked_at(corpus, batches), {("known_label_column",): labels})
        _check_label_pattern(corpus, batches)


def _fields_of_source(corpus: "Corpus") -> dict[tuple[str, ...], tuple[str, ...]]:
    """The fields of the block `source` that name columns, with the columns."""
    source = corpus.source
    fields: dict[tuple[str, ...], tuple[str, ...]] = {}
    if has_rows(source):
        content = "path_column" if corpus.is_of_images else "text_column"
        name = source.path_column if corpus.is_of_images else source.text_column
        fields |= {} if name is None else {("source", content): (name,)}
        fields |= {} if source.id_column is None else {("source", "id_column"): (source.id_column,)}
    if source.keep_where_any:
        fields[("source", "keep_where_any")] = source.keep_where_any
    return fields


def _labels_are_others(corpus: "Corpus", versions: "Mapping[tuple[str, str], StepVersion]") -> bool:
    """Whether no subset was compared with the labels of this column and pattern yet."""
    last = versions.get(("balanced_subset", ""))
    now = {"known_label_column": corpus.known_label_column, "known_label_pattern": corpus.known_label_pattern}
    return last is None or any(last.made_with.get(name) != value for name, value in now.items())


def _looked_at(corpus: "Corpus", batches: Files, at_most: int = 0) -> Iterator[FirstRows]:
    """The first rows of every file that can be read and has any samples, in order."""
    n_rows = _ROWS_OF_IMAGES if corpus.is_of_images else at_most or _ROWS
    for _, files in sorted(batches.items()):
        for file in files:
            found = first_rows(corpus.source, file, corpus.modality, n_rows)
            if found is not None and (found.rows or found.error):
                yield found


def _check_columns(
    corpus: "Corpus", files: Iterator[FirstRows], fields: Mapping[tuple[str, ...], tuple[str, ...]]
) -> None:
    missing = {(loc, name): None for loc, names in fields.items() for name in names}
    first: FirstRows | None = None
    columns: dict[str, None] = {}
    if not missing:
        return
    for file in files:
        if not file.rows:
            continue
        first = first or file
        columns |= dict.fromkeys(_metadata_of(corpus, file.columns, fields))
        missing = {(loc, name): None for loc, name in missing if name not in columns}
        if not missing:
            return
    if first is None:
        return
    loc, name = next(iter(missing))
    is_taken = name in (corpus.source.text_column, corpus.source.id_column) and name in first.columns
    what = "is the text or the id of the samples, and no metadata" if is_taken else "no file of the source has"
    raise InvalidInput(
        f"{place_of(corpus.folder, *loc)} asks for the column {name!r}, which {what}: "
        f"{first.uri} has {_listed(list(columns))}; name one of them"
    )


def _metadata_of(corpus: "Corpus", columns: Sequence[str], fields: Mapping[tuple[str, ...], Any]) -> list[str]:
    """The columns that fields can name: content and id are no metadata, in which all but the source's own look."""
    of_source = _fields_of_source(corpus)
    if all(loc[0] == "source" for loc in fields):
        return list(columns)
    taken = {name for loc, names in of_source.items() if loc[1] != "keep_where_any" for name in names}
    return [
        name for name in columns if name not in taken or (corpus.is_of_images and name == corpus.source.path_column)
    ]


def _check_members(corpus: "Corpus", batches: Files) -> None:
    """Of archives: at the beginning of at least one there is a sample that can be read."""
    if corpus.source.kind != "webdataset":
        return
    error = ""
    for file in _looked_at(corpus, batches):
        if file.rows:
            return
        error = error or file.error
    if error:
        field = "path_column" if corpus.is_of_images else "text_column"
        raise InvalidInput(
            f"{place_of(corpus.folder, 'source', field)} asks for a member that no sample at the beginning of the "
            f"archives has: {error}; name one of them"
        )


def _check_uri_pattern(corpus: "Corpus", batches: Files) -> None:
    pattern = corpus.source.uri_pattern
    if pattern is None:
        return
    seen: list[str] = []
    for file in _looked_at(corpus, batches):
        if any(re.search(pattern, uri) for uri in file.uris):
            return
        seen = seen or list(file.uris)
    if seen:
        raise InvalidInput(
            f"{place_of(corpus.folder, 'source', 'uri_pattern')} asks for {pattern!r}, which is found in no uri of the "
            f"source; they are of the form {_listed(seen[:3])}; mend the pattern"
        )


def _check_label_pattern(corpus: "Corpus", batches: Files) -> None:
    pattern, column = corpus.known_label_pattern, corpus.known_label_column
    if pattern is None or column is None:
        return
    seen: dict[str, str] = {}
    for file in _looked_at(corpus, batches, _ROWS_OF_LABELS):
        for label in filter(None, map(label_text, file.values(column))):
            if re.fullmatch(pattern, label):
                return
            seen.setdefault(label, file.uri)
    if seen:
        raise InvalidInput(
            f"{place_of(corpus.folder, 'known_label_pattern')} asks for {pattern!r}, which matches no label of the "
            f"column {column!r}: {next(iter(seen.values()))} has {_listed(list(seen))}; mend the pattern"
        )


def _check_batches(corpus: "Corpus", batches: Files) -> None:
    junk = corpus.first_pass.junk
    unknown = [] if junk is None else [name for name in junk.batches if name not in batches]
    if unknown:
        raise InvalidInput(
            f"{place_of(corpus.folder, 'first_pass', 'junk', 'batches')} asks for the batch {unknown[0]!r}, which the "
            f"source {corpus.source.shown()['path']} does not have; it has {_listed(sorted(batches))}; name one of them"
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:100]) for name in names[:_MOST_SHOWN])
    return (shown + (", ..." if len(names) > _MOST_SHOWN else "")) or "no columns"
