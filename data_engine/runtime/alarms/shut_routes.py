"""Routes that audits shut: which there are, which opened again, and asking people about what they had decided.

When audits shut a route is in `labeling.deciders.audits`; the step `proposals` does it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.labeling.deciders.audits import ShutRoute, shut_in
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.amendments.taken_batches import taken_batches
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.made_from.answered_samples import answered_samples
from data_engine.runtime.review_rounds import open_questions, payloads_of

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime

PURPOSE = "withdrawn"


@dataclass(frozen=True)
class RoutesNow:
    """What the accepted proposals say of the routes.

    Attributes:
        version: Data version of the proposals; empty where there are none.
        shut: By decider, the audits that shut it and the samples that it answers and may not take.
        certified: The deciders that take samples, each with the precision that its gate certifies.
    """

    version: str
    shut: Mapping[str, tuple[ShutRoute, Sequence[str]]]
    certified: Mapping[str, float]


def routes_now(runtime: "CorpusRuntime") -> RoutesNow:
    """The routes by the proposals that their checks accepted."""
    gate = CheckGate(runtime, runtime.store(), "plan")
    version = gate.latest("proposals", "")
    if version is None or gate.refusal(version):
        return RoutesNow("", {}, {})
    columns = ["sample_id", "route", "reason", "gate_lower_bound"]
    rows = AcceptedTables(gate.store, gate).read("proposals", columns=columns).to_pylist()
    shut = {
        name: (found, [rows[row]["sample_id"] for row in places])
        for name, (found, places) in shut_in(row["reason"] for row in rows).items()
    }
    certified = {row["route"]: row["gate_lower_bound"] for row in rows if row["gate_lower_bound"] is not None}
    return RoutesNow(version.data_version, shut, certified)


def open_withdrawn_review(runtime: "CorpusRuntime", sample_ids: Sequence[str], *, cause: str) -> tuple[str | None, int]:
    """Ask people about samples that a decider may not take any more; nothing is shown of what it said.

    As many at once as a query batch; the others come with the rounds, whose query strategy knows them as undecided.

    Args:
        runtime: The corpus.
        sample_ids: What the decider answers; those that people answered are left out.
        cause: Why, as people read it.

    Returns: the id of the review batch, None where nothing is left to ask; and how many samples it asks about.
    """
    from data_engine.review import NewTask
    from data_engine.review.queue_records import next_batch_id

    corpus, gate = runtime.corpus, CheckGate(runtime, runtime.store(), "review")
    tables = AcceptedTables(gate.store, gate)
    left = sorted(set(sample_ids) - set(answered_samples(runtime).to_pylist()))
    among = {"sample_id": pa.array(left, pa.string())}
    there = set(tables.read("raw_index", columns=["sample_id"], among=among)["sample_id"].to_pylist())
    ids = [name for name in left if name in there][: corpus.labels.query_batch_size]
    if not ids:
        return None, 0
    payloads = payloads_of(tables, ids, with_sizes=corpus.asks_for_objects)
    with runtime.queue() as queue:
        known = {each.batch_id for each in queue.batches(corpus.name)} | taken_batches(runtime)
        batch_id = next_batch_id(corpus.name, "withdrawn", known)
        tasks = [NewTask(name, PURPOSE, "blind", payload=payloads[name], priority=2) for name in ids]
        return open_questions(runtime, queue, batch_id, tasks, cause=cause), len(ids)
