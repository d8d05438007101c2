"""Review batches that look at labels again: automatic ones, and answers of people from weeks ago.

When they open is in `orchestration/automation/schedules.py`; what the answers say, in `labeling.answers.label_trends`.
"""

from datetime import datetime, timedelta
from math import ceil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.labeling.deciders.registry import CLASSIFIER
from data_engine.labeling.provenance import FOUNDATION_AUTO, IMPORTED, MODEL_AUTO, REPEATED, RULE_AUTO
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.amendments.taken_batches import taken_batches
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.review_rounds import open_questions, payloads_of

_AUTOMATIC = (MODEL_AUTO, RULE_AUTO, FOUNDATION_AUTO)


def open_verification(runtime: CorpusRuntime, *, now: datetime) -> str | None:
    """Open a review batch of automatic labels, which is an audit of them, and of samples answered long ago.

    Neither shows what was said before. The latter go to somebody who answered them then and to nobody else. Samples
    that an open task asks about are left out, and so are those of the hold-out, of which the answers decide what is
    certified.

    Returns: the id of the review batch; None where there is nothing to look at.
    """
    from data_engine.review import NewTask
    from data_engine.review.queue_records import next_batch_id

    corpus, settings = runtime.corpus, runtime.corpus.review.verification
    tables = accepted_tables(runtime, run_id="review")
    labels = tables.read("labels", columns=["sample_id", "label", "provenance"])
    reviewed = tables.read("reviewed_labels", columns=["sample_id", "review_batch", "purpose", "provenance"])
    with runtime.queue() as queue:
        batches = queue.batches(corpus.name)
        known = {each.batch_id for each in batches} | taken_batches(runtime)
        batch_id = next_batch_id(corpus.name, "verified", known)
        rng = np.random.default_rng(corpus.seed_for("review", int(batch_id.rpartition("-")[2])))
        asked = {row["sample_id"] for row in queue.tables(corpus.name)["review_task"].to_pylist() if row["is_open"]}
        long_ago = now - timedelta(weeks=settings.again_after_weeks)
        old = {each.batch_id for each in batches if each.opened_at <= long_ago}
        audited = _automatic(labels, reviewed, asked)
        n_audited = ceil(settings.share * len(audited))
        tasks: dict[str, tuple[str, str | None]] = {
            each: ("audit", audited[each]) for each in _drawn(rng, sorted(audited), n_audited)
        }
        again = _answered_long_ago(reviewed, old, asked | set(tasks))
        tasks |= dict.fromkeys(_drawn(rng, again, settings.again), (REPEATED, None))
        there = tables.read("raw_index", columns=["sample_id"], among={"sample_id": pa.array(list(tasks), pa.string())})
        wanted = [each for each in tasks if each in set(there["sample_id"].to_pylist())]
        if not wanted:
            return None
        payloads = payloads_of(tables, wanted, with_sizes=corpus.asks_for_objects)
        sure = _probabilities(tables, sorted(audited))
        new = [
            NewTask(each, tasks[each][0], "blind", payloads[each], tasks[each][1], sure.get(each), priority=1)
            for each in wanted
        ]
        return open_questions(runtime, queue, batch_id, new, cause="labels that are looked at again")


def _automatic(labels: pa.Table, reviewed: pa.Table, asked: set[str]) -> dict[str, str]:
    """Samples whose label no person made and that nobody was asked about, with the label."""
    found = labels.filter(pc.is_in(labels["provenance"], pa.array(_AUTOMATIC)))
    gone = asked | set(reviewed["sample_id"].to_pylist())
    return {row["sample_id"]: row["label"] for row in found.to_pylist() if row["sample_id"] not in gone}


def _probabilities(tables: AcceptedTables, sample_ids: list[str]) -> dict[str, float]:
    """What the classifier's own proposals of these samples had as their probability."""
    among = {"sample_id": pa.array(sample_ids, pa.string())}
    rows = tables.read("proposals", columns=["sample_id", "route", "probability"], among=among).to_pylist()
    return {row["sample_id"]: row["probability"] for row in rows if row["route"] == CLASSIFIER}


def _answered_long_ago(reviewed: pa.Table, batches: set[str], asked: set[str]) -> list[str]:
    """Samples that people answered in one of these review batches and in no later one, those of the hold-out aside."""
    rows = reviewed.to_pylist()
    gone = {
        row["sample_id"] for row in rows if row["review_batch"] not in batches or row["purpose"] in ("hold_out", "trap")
    }
    return sorted({row["sample_id"] for row in rows if row["provenance"] != IMPORTED} - gone - asked)


def _drawn(rng: np.random.Generator, ids: list[str], n: int) -> list[str]:
    """Up to n of the samples, at random."""
    return sorted(ids[row] for row in rng.choice(len(ids), size=min(n, len(ids)), replace=False)) if ids else []
