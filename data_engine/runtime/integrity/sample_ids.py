"""The check of sample ids: each is the hash of its content, of texts in the raw index, of images at a local source.

Ids of released samples are checked in `releases.py`.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import ContentMissing, SourceError
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.media import place_columns
from data_engine.runtime.progress import progress

_ROWS = 8192


def check_sample_ids(checked: CheckedCorpus) -> Iterator[Finding]:
    """Samples whose id is not the hash of their content."""
    if not checked.runtime.corpus.samples.is_read_again:
        yield from _texts_in_the_index(checked)
    else:
        yield from _contents_at_the_source(checked)


def _texts_in_the_index(checked: CheckedCorpus) -> Iterator[Finding]:
    """Texts that are not those which their ids are the hash of."""
    from data_engine.indexing import sample_id_of_text

    columns = ["sample_id", "batch", "uri", "text"]
    wrong: Counter[str] = Counter()
    first: dict[str, str] = {}
    dataset = checked.store.dataset("raw_index")
    readable = pc.field("is_readable") & pc.field("text").is_valid()
    for rows in dataset.to_batches(columns=columns, filter=readable, batch_size=_ROWS, fragment_readahead=1):
        for row in rows.to_pylist():
            if sample_id_of_text(row["text"]) != row["sample_id"]:
                wrong[row["batch"]] += 1
                first.setdefault(row["batch"], row["uri"])
    for batch, n in wrong.items():
        what = f"{n} texts are not those that their ids are the hash of, such as {first[batch]}"
        remedy = checked.made_anew("raw_index", {"batch": batch}, checked.logs["raw_index"].folder)
        yield Finding("error", what, f"raw_index of {batch}", remedy)


def _contents_at_the_source(checked: CheckedCorpus) -> Iterator[Finding]:
    """Samples that their source no longer has as they were read; a remote source is not read again."""
    from data_engine.indexing import Contents

    corpus = checked.runtime.corpus
    try:
        if not isinstance(checked.runtime.source_folder, Path):
            return
        contents = Contents(corpus.source, checked.runtime.project_folder, corpus.modality)
    except SourceError as error:
        what = f"the {corpus.samples.plural} cannot be read again: {error}"
        yield Finding("note", what, "source", "restore the source")
        return
    gone: Counter[str] = Counter()
    columns = ["batch", *place_columns(corpus.samples)]
    rows = checked.store.dataset("raw_index").to_table(columns=columns, filter=pc.field("is_readable"))
    advance = progress(f"checking {corpus.samples.plural}", rows.num_rows)
    for piece in pa.Table.to_batches(rows, max_chunksize=_ROWS):
        for row in piece.to_pylist():
            try:
                contents.read(row)
            except ContentMissing:
                gone[row["batch"]] += 1
            advance(1)
    for batch, n in gone.items():
        what = f"{n} {corpus.samples.plural} are no longer at their source as they were read"
        yield Finding("note", what, f"source of {batch}", f"put them back, or: {checked.run()}")
