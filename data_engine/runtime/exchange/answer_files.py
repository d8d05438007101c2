"""Review batches of a corpus to a file, and answers out of one; formats are in `data_engine.review.exchange`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.review_rounds import SNIPPET_CHARS
from data_engine.schemas.child_ids import child_id, parent_and_change

if TYPE_CHECKING:
    from data_engine.review.exchange.exchanged import Exchange
    from data_engine.review.exchange.resolving import ImportPlace
    from data_engine.review.exchange.taking_in import Import


def export_batches(runtime: CorpusRuntime, batch: str | None, form: str, to: Path) -> "Exchange":
    """Write review batches of a corpus with their answers to a file, which then has all of them or stays as it was.

    Args:
        runtime: The corpus.
        batch: Of its review batches one; all without.
        form: Name of the format.
        to: The file.

    Returns: what was written.
    Raises: InvalidInput for a corpus without review batches, an unknown batch or format, or a place without a folder.
    """
    from data_engine.review.exchange.registry import write_file

    with runtime.queue() as queue:
        known = [each.batch_id for each in queue.batches(runtime.corpus.name)]
        if batch is not None and batch not in known:
            raise InvalidInput(f"{runtime.corpus.name} has no review batch {batch!r}; the latest are {known[-3:]}")
        exchange = queue.exported(runtime.corpus.name, None if batch is None else [batch])
    if not exchange.tasks:
        raise InvalidInput(f"{runtime.corpus.name} has no review batch yet; data-engine run opens one")
    part = to.with_name(f"{to.name}.part")
    write_file(exchange, form, part)
    part.replace(to)
    return exchange


def import_answers(
    runtime: CorpusRuntime, source: Path, form: str, *, batch: str | None = None, now: datetime
) -> "Import":
    """Put the answers of a file into the queue of a corpus, all or none; see `ExchangeQueue.take_in`.

    Args:
        runtime: The corpus.
        source: The file.
        form: Name of its format.
        batch: The review batch of answers that name none.
        now: The time of the import.

    Raises: InvalidInput or UnknownLabel naming the file and the place in it, and nothing is changed.
    """
    from data_engine.review.exchange.exchange_queue import ExchangeQueue
    from data_engine.review.exchange.registry import read_file

    exchange = read_file(form, source)
    place = import_place(runtime, exchange)
    with ExchangeQueue(runtime.queue_url) as queue:
        return queue.take_in(exchange, place, of=source.name, now=now, into=batch)


def import_place(runtime: CorpusRuntime, exchange: "Exchange") -> "ImportPlace":
    """What of a corpus an import needs to know: its classes, and those of its samples that the file names.

    Raises: InvalidInput for a corpus that asks no question.
    """
    from data_engine.review.exchange.resolving import ImportPlace

    corpus = runtime.corpus
    if not corpus.has_labels:
        raise InvalidInput(
            f"corpus {corpus.name} has no block labels, so it takes no answers; add one to its defs.yaml"
        )
    tables = accepted_tables(runtime, run_id="review")
    ids = {each.sample_id for each in exchange.tasks if each.sample_id is not None}
    uris = {each.uri for each in exchange.tasks if each.sample_id is None}
    payloads: dict[str, dict[str, Any]] = {}
    sides = ["height_px", "width_px"] if corpus.asks_for_objects else []
    sample_of: dict[str, str] = {}
    whole = {parent_and_change(each)[0] for each in ids}
    for column, wanted in (("sample_id", whole), ("uri", uris)):
        among = {column: pa.array(sorted(each for each in wanted if each is not None), pa.string())}
        columns = ["sample_id", "uri", "text", "is_readable", *sides]
        for row in tables.read("raw_index", columns=columns, among=among).to_pylist() if wanted else []:
            if row["is_readable"]:
                text = (row["text"] or "")[:SNIPPET_CHARS]
                size = {"size": [row[side] for side in sides]} if sides else {}
                payloads.setdefault(row["sample_id"], {"uri": row["uri"], "text": text} | size)
                sample_of[row["uri"]] = row["sample_id"]
    for child in ids:
        parent, change = parent_and_change(child)
        if change and parent in payloads:
            payloads[child] = {"uri": child_id(payloads[parent]["uri"], change), "text": ""}
    return ImportPlace(
        corpus=corpus.name,
        question=corpus.labels.question,
        classes=corpus.class_names,
        kind=corpus.labels.kind,
        renamed=dict(corpus.labels.renamed),
        payloads=payloads,
        sample_of=sample_of,
    )
