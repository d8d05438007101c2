"""why: what every step decided about one sample, from the ledger."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import InvalidInput, UnknownSample
from data_engine.runtime.amendments.tombstones import tombstones
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import STEPS
from data_engine.schemas.child_ids import parent_and_change
from data_engine.terminal.plain_text import plain, shown
from data_engine.terminal.row_formats import write_rows
from data_engine.terminal.tables import print_columns
from data_engine.terminal.thumbnails import drawn

if TYPE_CHECKING:
    from rich.console import Console

_SNIPPET_CHARS = 300


def decisions_about(runtime: CorpusRuntime, sample_id: str) -> pa.Table:
    """The ledger's rows about one sample, in the order of the steps.

    Args:
        runtime: The corpus.
        sample_id: The whole id, or a start of it that fits one sample only.

    Raises: UnknownSample when nothing fits; InvalidInput when several samples fit.
    """
    if len(sample_id) < 4:
        raise InvalidInput(f"sample id {sample_id!r} is too short; give at least its first 4 digits")
    ledger = _ledger(runtime)
    found = ledger.filter(pc.starts_with(ledger["sample_id"], sample_id))
    # What was decided about children of an image is shown with it.
    ids = sorted({parent_and_change(found_id)[0] for found_id in found["sample_id"].to_pylist()})
    if not ids:
        for each in tombstones(runtime).values():
            if each.sample_id.startswith(sample_id):
                raise UnknownSample(f"sample {each.sample_id} was forgotten on {each.at}: {each.reason}")
        raise UnknownSample(
            f"no step has decided anything about sample {sample_id!r} of corpus {runtime.corpus.name}; take an id from "
            f'data-engine sql "select sample_id, text from raw_index limit 10"'
        )
    if len(ids) > 1:
        raise InvalidInput(f"{sample_id!r} fits {len(ids)} samples ({', '.join(ids[:5])} ...); give more digits")
    order = list(STEPS)
    rows = sorted(
        found.to_pylist(), key=lambda row: (order.index(_step(row)), row["step"], row["batch"], row["reason"])
    )
    return pa.Table.from_pylist(rows, schema=ledger.schema)


def _ledger(runtime: CorpusRuntime) -> pa.Table:
    """The ledger of a corpus; with those of its questions, whose steps are named `question.step`."""
    found = runtime.store().read("ledger")
    for each in runtime.questions:
        every = each.store().read("ledger")
        own = every.filter(pc.is_in(every["step"], pa.array(each.own_steps)))
        place = own.schema.get_field_index("step")
        named = pc.binary_join_element_wise(each.question, own["step"], ".")
        found = pa.concat_tables([found, own.set_column(place, own.schema.field(place), named)])
    return found


def _step(row: Mapping[str, Any]) -> str:
    """The step of a row of the ledger, without its question."""
    return str(row["step"]).rpartition(".")[2]


def print_why(runtime: CorpusRuntime, sample_id: str, *, console: "Console", form: str = "table") -> None:
    """The sample and what it repeats, then one line per decision: step, verdict, reason, score, versions, run.

    In another form than `table` the decisions alone, as rows of the ledger.
    """
    decided = decisions_about(runtime, sample_id)
    if form != "table":
        write_rows(decided, form, console.file)
        return
    whole_id = decided["sample_id"][0].as_py()
    _print_sample(runtime, whole_id, console)
    for twin in _twins(runtime, whole_id):
        console.print(plain("repeats", "bold"))
        _print_sample(runtime, twin, console)
    rows = decided.to_pylist()
    columns = {
        "step": [f"{row['step']} {row['batch']}".strip() for row in rows],
        "verdict": [row["verdict"] for row in rows],
        "reason": [row["reason"] for row in rows],
        "score": [_number(row["score"]) for row in rows],
        "threshold": [_number(row["threshold"]) for row in rows],
        "version": [" ".join(filter(None, (f"table v{row['table_version']}", row["model_version"]))) for row in rows],
        "run": [row["run_id"][:8] for row in rows],
    }
    placed = [(name, values, name in ("score", "threshold")) for name, values in columns.items()]
    print_columns(placed, console=console)


def _print_sample(runtime: CorpusRuntime, sample_id: str, console: "Console") -> None:
    """Every place of a sample, and its text or image."""
    raw = runtime.store().read("raw_index", columns=["sample_id", "uri", "batch", "text"])
    text = ""
    for row in raw.filter(pc.equal(raw["sample_id"], sample_id)).to_pylist():
        place = plain(sample_id, "bold").append(shown(f"  {row['batch']}  {row['uri']}"), style="not bold")
        console.print(place, soft_wrap=True, highlight=False)
        text = row["text"] or ""
    snippet = plain(text[:_SNIPPET_CHARS] + (" ..." if len(text) > _SNIPPET_CHARS else ""), "italic")
    console.print(drawn(runtime, sample_id, console) or snippet)


def _twins(runtime: CorpusRuntime, sample_id: str) -> list[str]:
    """The kept samples that a sample nearly repeats; a copy of the same content is none."""
    judged = runtime.store().read("first_pass", columns=["sample_id", "duplicate_of"])
    found = judged.filter(pc.and_(pc.equal(judged["sample_id"], sample_id), pc.is_valid(judged["duplicate_of"])))
    return sorted(set(found["duplicate_of"].to_pylist()) - {sample_id})


def _number(value: float | None) -> str:
    from data_engine.reporting import number_format

    return "" if value is None else number_format.number(value)
