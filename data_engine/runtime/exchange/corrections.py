"""The labels of a corpus to a file, and corrections of them out of one.

A correction stands in the place of all older answers, decisions and proposals, until a newer one or a reviewer decides
otherwise. Answers of single annotators are exchanged by `answer_files.py`.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_engine.errors import InvalidInput
from data_engine.labeling.provenance import CORRECTION
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.exchange.answer_files import import_place

if TYPE_CHECKING:
    from data_engine.review.exchange.exchanged import Exchange, ExchangedAnswer, ExchangedTask
    from data_engine.review.exchange.taking_in import Import

LABEL_FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet", ".json": "label_studio"}
"""Exchange formats of labels, by the end of a file's name."""

_ROW = pa.schema(
    [
        pa.field("sample_id", pa.string()),
        pa.field("uri", pa.string()),
        pa.field("label", pa.string()),
        pa.field("annotator", pa.string()),
        pa.field("labelled_by", pa.string()),
        pa.field("labelled_with", pa.float64()),
        pa.field("quality", pa.float64()),
        pa.field("text", pa.string()),
    ]
)


@dataclass(frozen=True)
class Corrections:
    """What became of a file of labels.

    Attributes:
        found: Of its corrections, as of every import.
        n_same: Rows that name nobody and say what the label is already; they are left alone.
    """

    found: "Import"
    n_same: int


def format_of(path: Path, name: str | None) -> str:
    """The exchange format of this name, or of the end of the file's. Raises: InvalidInput listing those there are."""
    form = LABEL_FORMATS.get(path.suffix.lower()) if name is None else name
    if form is None or form not in LABEL_FORMATS.values():
        raise InvalidInput(
            f"the format of {path.name} is not known by its name; it must end in {', '.join(LABEL_FORMATS)}, or say "
            f"--format {' | '.join(LABEL_FORMATS.values())}"
        )
    return form


def export_labels(runtime: CorpusRuntime, form: str, to: Path) -> int:
    """Write the label of every labelled sample to a file, which then has all of them or stays as it was.

    Args:
        runtime: The corpus, or one of its questions.
        form: Name of the format. Label Studio shows each label as a prediction; the others have a column `label` that
            can be changed, and an empty one for the name of who changed it.
        to: The file.

    Returns: how many labels.
    Raises: InvalidInput for a corpus without labels, or a place without a folder.
    """
    rows = list(_labelled(runtime))
    if not rows:
        raise InvalidInput(f"{runtime.corpus.name} has no label yet; data-engine run makes some")
    part = to.with_name(f"{to.name}.part")
    try:
        if form == "label_studio":
            _write_label_studio(runtime, rows, part)
        elif form == "parquet":
            pq.write_table(pa.Table.from_pylist(rows, schema=_ROW), part)
        else:
            with part.open("w", encoding="utf-8", newline="") as file:
                if form == "csv":
                    lines = csv.DictWriter(file, _ROW.names, extrasaction="ignore", lineterminator="\n")
                    lines.writeheader()
                    lines.writerows(rows)
                else:
                    kept = ({name: row[name] for name in _ROW.names if row[name] is not None} for row in rows)
                    file.writelines(json.dumps(row) + "\n" for row in kept)
    except OSError as error:
        raise InvalidInput(f"{to} cannot be written ({error.strerror}); give a path in a folder that exists") from error
    part.replace(to)
    return len(rows)


def import_corrections(runtime: CorpusRuntime, source: Path, form: str, *, by: str, now: datetime) -> Corrections:
    """Put the labels of a file into the queue as corrections, all or none.

    Rows that name no annotator are corrections of `by` where they differ from the label of now, and are left alone
    where they do not, so that an exported file can be changed in some places and read. Review batches, purposes and
    provenances of the file are not looked at: a correction is `imported`, one of a simulated annotator `simulated`.

    Args:
        runtime: The corpus, or one of its questions.
        source: The file.
        form: Name of its format.
        by: Whose corrections these are where the file does not say.
        now: The time of the import; of corrections without one of their own, theirs.

    Raises: InvalidInput or UnknownLabel naming the file and the place in it, and nothing is changed; also for a sample
        that the file gives several labels at one time, of which nobody knows the last.
    """
    from data_engine.review.exchange.exchange_queue import ExchangeQueue
    from data_engine.review.exchange.registry import read_file

    exchange = read_file(form, source)
    place = import_place(runtime, exchange)
    with ExchangeQueue(runtime.queue_url) as queue:
        labels = _labels_now(runtime, queue.exported(runtime.corpus.name))
        _refuse_conflicts(exchange, place.sample_of, source.name)
        tasks, n_same = [], 0
        for task in exchange.tasks:
            sample_id = task.sample_id or place.sample_of.get(task.uri or "", "")
            answers = [each for each in task.answers if each.annotator or _label(each) != labels.get(sample_id)]
            n_same += len(task.answers) - len(answers)
            if answers:
                tasks.append(_correction(task, answers, by))
        corrections = replace(exchange, tasks=tuple(tasks), batches={}, corpus=exchange.corpus)
        found = queue.take_in(corrections, place, of=source.name, now=now, purpose=CORRECTION)
    return Corrections(found, n_same)


def _refuse_conflicts(exchange: "Exchange", sample_of: Mapping[str, str], name: str) -> None:
    """Refuse a sample with several labels of one time, or of no time."""
    found: dict[tuple[str, datetime | None], ExchangedAnswer] = {}
    for task in exchange.tasks:
        sample_id = task.sample_id or sample_of.get(task.uri or "", "")
        for each in task.answers:
            before = found.setdefault((sample_id, each.answered_at), each)
            if _label(before) != _label(each):
                raise InvalidInput(
                    f"{name} gives sample {sample_id} the labels {_label(before)} ({before.where}) and {_label(each)} "
                    f"({each.where}), and not which is the later one; leave one of them, or give each its answered_at; "
                    f"nothing was imported"
                )


def _correction(task: "ExchangedTask", answers: "list[ExchangedAnswer]", by: str) -> "ExchangedTask":
    """The task as one of no review batch, with nothing proposed; answers without a name are of `by`."""
    named = tuple(replace(each, annotator=each.annotator or by, provenance=None) for each in answers)
    return replace(
        task, batch_id=None, purpose=None, arm=None, priority=0.0, proposed_answer=None, probability=None, answers=named
    )


def _labels_now(runtime: CorpusRuntime, queued: "Exchange") -> dict[str, str]:
    """The label of each sample, but of those with a correction in the queue: what it says may not be taken over yet."""
    labels = accepted_tables(runtime, run_id="review").read("labels", columns=["sample_id", "label"])
    found = dict(zip(labels["sample_id"].to_pylist(), labels["label"].to_pylist(), strict=True))
    corrected = {task.sample_id for task in queued.tasks if task.purpose == CORRECTION}
    return {sample_id: label for sample_id, label in found.items() if sample_id not in corrected}


def _label(answer: "ExchangedAnswer") -> str | None:
    found = json.loads(answer.answer).get("label")
    return found if isinstance(found, str) else None


def _labelled(runtime: CorpusRuntime) -> Iterator[dict[str, Any]]:
    """The rows of a file of labels, in the order of the samples; `answer` and the whole text beside."""
    tables = accepted_tables(runtime, run_id="review")
    labels = tables.read("labels").sort_by("sample_id")
    among = {"sample_id": labels["sample_id"].combine_chunks().cast(pa.string())}
    shown: dict[str, dict[str, Any]] = {}
    for row in tables.read("raw_index", columns=["sample_id", "uri", "text"], among=among).to_pylist():
        shown.setdefault(row["sample_id"], row)
    for row in labels.to_pylist():
        raw = shown.get(row["sample_id"], {})
        yield {
            "sample_id": row["sample_id"],
            "uri": raw.get("uri"),
            "label": row["label"],
            "annotator": None,
            "labelled_by": row["provenance"],
            "labelled_with": row["posterior"],
            "quality": row["quality"],
            "text": raw.get("text"),
            "answer": row["answer"],
        }


def _write_label_studio(runtime: CorpusRuntime, rows: list[dict[str, Any]], path: Path) -> None:
    from data_engine.review.exchange.exchanged import Exchange, ExchangedTask
    from data_engine.review.exchange.registry import write_file

    tasks = [
        ExchangedTask(
            sample_id=row["sample_id"],
            uri=row["uri"],
            arm="proposed",
            text=row["text"],
            proposed_answer=row["answer"],
            probability=row["labelled_with"],
        )
        for row in rows
    ]
    write_file(
        Exchange(tuple(tasks), corpus=runtime.corpus.name, classes=runtime.corpus.class_names), "label_studio", path
    )
