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
    found = _ledger(runtime, sample_id)
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
    return pa.Table.from_pylist(rows, schema=found.schema)


def _ledger(runtime: CorpusRuntime, id_start: str) -> pa.Table:
    """What the ledger of a corpus says of samples whose id begins so; with those of its questions, whose steps are
    named `question.step`."""
    found = runtime.store().read_about("ledger", id_start)
    for each in runtime.questions:
        every = each.store().read_about("ledger", id_start)
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
    batches = _arrived_in(decided, whole_id)
    _print_sample(runtime, whole_id, batches, console)
    for twin in _twins(runtime, whole_id, batches):
        console.print(plain("repeats", "bold"))
        _print_sample(runtime, twin, _arrived_in(_ledger(runtime, twin), twin), console)
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


def _print_sample(runtime: CorpusRuntime, sample_id: str, batches: list[str], console: "Console") -> None:
    """Every place of a sample, and its text or image."""
    text = ""
    for row in _rows_about(runtime, "raw_index", sample_id, ["uri", "batch", "text"], batches).to_pylist():
        place = plain(sample_id, "bold").append(shown(f"  {row['batch']}  {row['uri']}"), style="not bold")
        console.print(place, soft_wrap=True, highlight=False)
        text = row["text"] or ""
    snippet = plain(text[:_SNIPPET_CHARS] + (" ..." if len(text) > _SNIPPET_CHARS else ""), "italic")
    image = drawn(runtime, sample_id, console)
    for part in (image, snippet if text or image is None else None):
        if part is not None:
            console.print(part)


def _twins(runtime: CorpusRuntime, sample_id: str, batches: list[str]) -> list[str]:
    """The kept samples that a sample nearly repeats; a copy of the same content is none."""
    found = _rows_about(runtime, "first_pass", sample_id, ["duplicate_of"], batches)["duplicate_of"].drop_null()
    return sorted(set(found.to_pylist()) - {sample_id})


def _rows_about(runtime: CorpusRuntime, table: str, sample_id: str, columns: list[str], batches: list[str]) -> pa.Table:
    """The rows of a table of batches about a sample; of all batches where it is not known in which it arrived."""
    this, read = {"sample_id": pa.array([sample_id])}, runtime.store().read
    found = [read(table, columns=columns, partition={"batch": batch}, among=this) for batch in batches]
    return pa.concat_tables(found) if found else read(table, columns=columns, among=this)


def _arrived_in(decided: pa.Table, sample_id: str) -> list[str]:
    """The batches in which a sample arrived, by what the ledger says of it."""
    is_arrival = pc.and_(pc.equal(decided["step"], "raw_index"), pc.equal(decided["sample_id"], sample_id))
    return sorted(set(decided.filter(is_arrival)["batch"].to_pylist()))


def _number(value: float | None) -> str:
    from data_engine.reporting import number_format

    return "" if value is None else number_format.number(value)
