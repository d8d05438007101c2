"""Whether the source holds what the YAML of a corpus names in it: columns, patterns and batches, before work starts.

The rows looked at come from `indexing.first_rows`; whether known labels name classes is in `reporting.metrics`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_engine.corpus.known_labels import label_text
from data_engine.corpus.yaml_file import place_of
from data_engine.errors import InvalidInput
from data_engine.indexing.listing.first_rows import FirstRows, first_rows, has_rows, rows_have_every_column
from data_engine.indexing.samples import form_of

if TYPE_CHECKING:
    from data_engine.corpus import Corpus
    from data_engine.corpus.given_labels import GivenLabels
    from data_engine.indexing import SourceFile
    from data_engine.runtime.versions import StepVersion

Files = Mapping[str, "Sequence[SourceFile]"]

#: Rows of a file that are looked at for the names of columns, and for labels that a pattern matches.
_ROWS, _ROWS_OF_MEDIA, _ROWS_OF_LABELS = 1000, 20, 20_000
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
    look = _Look(corpus)
    raw = {batch: batches[batch] for batch, step in stale.items() if step == "raw_index"}
    is_proven = any(("raw_index", batch) in versions and batch not in raw for batch in batches)
    if raw and not is_proven:
        _check_columns(corpus, look.at(raw), _wanted_of_source(corpus))
        _check_members(corpus, look.at(raw))
        _check_uri_pattern(corpus, look.at(raw))
    junk = corpus.first_pass.junk
    if junk is not None and junk.column is not None and stale:
        marked = {batch: batches[batch] for batch in junk.batches}
        _check_columns(corpus, look.at(marked), [_Wanted(("first_pass", "junk", "column"), (junk.column,))])
    if corpus.known_label_column is not None and _labels_are_others(corpus, versions):
        _check_columns(corpus, look.at(batches), [_Wanted(("known_label_column",), (corpus.known_label_column,))])
        _check_label_pattern(corpus, look, batches)
    given = corpus.labels.given
    if given is not None and _given_are_others(given, versions):
        _check_columns(corpus, look.at(batches), [_Wanted(("labels", "given", "column"), (given.column,))])
        _check_given_labels(corpus, given, look, batches)


@dataclass(frozen=True)
class _Wanted:
    """What a field names: one of these columns has to be there."""

    loc: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class _Look:
    """The first rows of files, each read once."""

    corpus: "Corpus"
    _seen: dict[tuple[str, int], FirstRows | None] = field(default_factory=dict)

    def at(self, batches: Files, *, n_rows: int = _ROWS) -> Iterator[FirstRows]:
        """Those of every file that can be read and has any samples, in order."""
        at_most = _ROWS_OF_MEDIA if self.corpus.samples.is_read_again else n_rows
        for file in (file for _, files in sorted(batches.items()) for file in files):
            key = (file.uri, at_most)
            if key not in self._seen:
                self._seen[key] = first_rows(self.corpus.source, file, self.corpus.modality, at_most)
            found = self._seen[key]
            if found is not None and (found.rows or found.error):
                yield found


def _wanted_of_source(corpus: "Corpus") -> list[_Wanted]:
    """The columns that the block `source` names; of `keep_where_any` one is enough where rows may leave some out."""
    source, wanted = corpus.source, []
    if has_rows(source):
        for name in (*form_of(corpus.modality).columns, "id_column"):
            column = getattr(source, name)
            wanted += [] if column is None else [_Wanted(("source", name), (column,))]
    kept = ("source", "keep_where_any")
    if source.keep_where_any and rows_have_every_column(source):
        wanted += [_Wanted(kept, (column,)) for column in source.keep_where_any]
    elif source.keep_where_any:
        wanted.append(_Wanted(kept, source.keep_where_any))
    return wanted


def _labels_are_others(corpus: "Corpus", versions: "Mapping[tuple[str, str], StepVersion]") -> bool:
    """Whether no subset was compared with the labels of this column and pattern yet."""
    last = versions.get(("balanced_subset", ""))
    now = {"known_label_column": corpus.known_label_column, "known_label_pattern": corpus.known_label_pattern}
    return last is None or any(last.made_with.get(name) != value for name, value in now.items())


def _given_are_others(given: "GivenLabels", versions: "Mapping[tuple[str, str], StepVersion]") -> bool:
    """Whether no labels were made of these yet."""
    last = versions.get(("labels", ""))
    return last is None or last.made_with.get("labels", {}).get("given") != given.model_dump(mode="json")


def _check_given_labels(corpus: "Corpus", given: "GivenLabels", look: _Look, batches: Files) -> None:
    """That at least one of the values that count as answers names a class."""
    seen: Counter[str] = Counter()
    for file in look.at(batches, n_rows=_ROWS_OF_LABELS):
        seen.update(filter(None, map(label_text, file.values(given.column))))
    if seen and not any(map(corpus.named_given_class, seen)):
        common = ", ".join(f"{label[:60]!r} ({n:,})" for label, n in seen.most_common(8))
        raise InvalidInput(
            f"{place_of(corpus.folder, 'labels', 'given')} takes the labels from the column {given.column!r}, but none "
            f"of its {seen.total():,} first values names a class; the commonest are {common}; the classes are "
            f"{_listed(list(corpus.class_names))}; mend labels.given or labels.classes"
        )


def _check_columns(corpus: "Corpus", files: Iterator[FirstRows], wanted: Sequence[_Wanted]) -> None:
    missing = list(wanted)
    first: FirstRows | None = None
    columns: dict[str, None] = {}
    for file in files if missing else ():
        if not file.rows:
            continue
        first = first or file
        columns |= dict.fromkeys(_nameable(corpus, file.columns, wanted))
        missing = [each for each in missing if not columns.keys() & set(each.columns)]
        if not missing:
            return
    if first is None:
        return
    loc, named = missing[0].loc, missing[0].columns
    is_taken = named[0] in first.columns and named[0] not in columns
    what = "is the text or the id of the samples, and no metadata" if is_taken else "no file of the source has"
    asked = f"the column {named[0]!r}" if len(named) == 1 else f"one of the columns {_listed(named)}"
    raise InvalidInput(
        f"{place_of(corpus.folder, *loc)} asks for {asked}, which {what}: {first.uri} has {_listed(list(columns))}; "
        "name one of them"
    )


def _nameable(corpus: "Corpus", columns: Sequence[str], wanted: Sequence[_Wanted]) -> list[str]:
    """The columns that fields can name: all of them for the block `source`, for others what becomes metadata."""
    if all(each.loc[0] == "source" for each in wanted):
        return list(columns)
    taken = {corpus.source.id_column, corpus.source.text_column if corpus.samples.holds_text else None}
    return [name for name in columns if name not in taken]


def _check_members(corpus: "Corpus", files: Iterator[FirstRows]) -> None:
    """Of archives: at the beginning of at least one there is a sample that can be read."""
    if corpus.source.kind != "webdataset":
        return
    error = ""
    for file in files:
        if file.rows:
            return
        error = error or file.error
    if error:
        content = form_of(corpus.modality).columns[-1]
        raise InvalidInput(
            f"{place_of(corpus.folder, 'source', content)} asks for a member that no sample at the beginning of the "
            f"archives has: {error}; name one of them"
        )


def _check_uri_pattern(corpus: "Corpus", files: Iterator[FirstRows]) -> None:
    pattern = corpus.source.uri_pattern
    if pattern is None:
        return
    seen: list[str] = []
    for file in files:
        if any(re.search(pattern, uri) for uri in file.uris):
            return
        seen = seen or list(file.uris)
    if seen:
        raise InvalidInput(
            f"{place_of(corpus.folder, 'source', 'uri_pattern')} asks for {pattern!r}, which is found in no uri of the "
            f"source; they are of the form {_listed(seen[:3])}; mend the pattern"
        )


def _check_label_pattern(corpus: "Corpus", look: _Look, batches: Files) -> None:
    pattern, column = corpus.known_label_pattern, corpus.known_label_column
    if pattern is None or column is None:
        return
    seen: dict[str, str] = {}
    for n_rows in (_ROWS, _ROWS_OF_LABELS):
        for file in look.at(batches, n_rows=n_rows):
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
