"""Facts: what the checks of a step look at - the tables it wrote and read, and what those tables do not say."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.runtime.corpus_runtime import CorpusRuntime

if TYPE_CHECKING:
    from data_engine.storage import TableStore

#: The smallest hold-out that a corpus may ask for.
_LEAST_HOLD_OUT = 50

Tables = dict[str, pa.Table]
Facts = dict[str, Any]


def facts_of(runtime: CorpusRuntime, store: "TableStore", step: str, batch: str) -> tuple[Tables, Facts]:
    """The tables and facts that the checks of a step take."""
    from data_engine.quality import TABLES

    tables = {name: _read(store, name, batch) for name in TABLES[step] if name != "embedded"}
    return _FACTS.get(step, _no_facts)(runtime, store, batch, tables)


def _read(store: "TableStore", name: str, batch: str) -> pa.Table:
    if not batch:
        return store.read(name)
    return store.read(name, partition={"review_batch" if name == "reviewed_labels" else "batch": batch})


def _no_facts(_bench: CorpusRuntime, _store: "TableStore", _batch: str, tables: Tables) -> tuple[Tables, Facts]:
    return tables, {}


def _embeddings(_bench: CorpusRuntime, store: "TableStore", batch: str, tables: Tables) -> tuple[Tables, Facts]:
    decided = store.read("ledger", partition={"step": "embeddings", "batch": batch})
    failed = decided.filter(pc.equal(decided["verdict"], "rejected"))
    return tables, {"failures": dict(zip(failed["sample_id"].to_pylist(), failed["reason"].to_pylist(), strict=True))}


def _cluster_tree(_bench: CorpusRuntime, store: "TableStore", _batch: str, tables: Tables) -> tuple[Tables, Facts]:
    from data_engine.runtime.check_gate import accepted_batches

    opened, _ = accepted_batches(_bench, store, "embeddings", run_id="checks")
    embedded = store.read("embeddings", columns=["sample_id", "batch"])
    tables["embedded"] = embedded.filter(pc.is_in(embedded["batch"], pa.array(sorted(opened), pa.string())))
    level_1 = tables["cluster_tree"].filter(pc.equal(tables["cluster_tree"]["level"], 1))
    n_built = pc.sum(level_1["n_samples"]).as_py()
    return tables, {"is_rebuilt": n_built == tables["tree_assignments"].num_rows}


def _balanced_subset(runtime: CorpusRuntime, _store: "TableStore", _batch: str, tables: Tables) -> tuple[Tables, Facts]:
    return tables, {"target": runtime.corpus.subset.target_size}


def _classifier(runtime: CorpusRuntime, store: "TableStore", _batch: str, tables: Tables) -> tuple[Tables, Facts]:
    rows = tables["classifier"].to_pylist()
    reviewed = store.read("reviewed_labels", columns=["sample_id", "purpose"])
    held_out = reviewed.filter(pc.equal(reviewed["purpose"], "hold_out"))
    trained = reviewed.filter(pc.is_in(reviewed["purpose"], pa.array(["query", "control", "audit"])))
    facts: Facts = {
        # A hold-out is drawn once; asking for a larger one later must not stop a corpus that has learnt from this one.
        "min_hold_out": min(_LEAST_HOLD_OUT, runtime.corpus.subset.target_size // 3),
        "hold_out_ids": held_out["sample_id"].to_pylist(),
        "training_ids": trained["sample_id"].to_pylist(),
    }
    if len(rows) > 1:
        facts |= {"previous_accuracy": rows[-2]["accuracy"], "previous_low": rows[-2]["accuracy_low"]}
    tables["classifier"] = pa.Table.from_pylist(rows[-1:], schema=tables["classifier"].schema)
    return tables, facts


def _proposals(runtime: CorpusRuntime, store: "TableStore", _batch: str, tables: Tables) -> tuple[Tables, Facts]:
    return tables, {
        "audit_age_days": newest_audit_age_days(store),
        "max_audit_age_days": runtime.corpus.labels.audit_max_age_days,
        "gate_threshold": gate_in_service(store).get("gate_threshold"),
    }


def newest_audit_age_days(store: "TableStore") -> float | None:
    """Days since somebody last answered a hold-out or audit task; None when nobody has."""
    from data_engine.runtime.versions import step_versions

    reviewed = store.read("reviewed_labels", columns=["review_batch", "purpose"])
    audited = reviewed.filter(pc.is_in(reviewed["purpose"], pa.array(["hold_out", "audit"])))
    batches = set(audited["review_batch"].to_pylist())
    written = [
        v.written_at for (step, b), v in step_versions(store).items() if step == "reviewed_labels" and b in batches
    ]
    return (datetime.now(UTC) - max(written)).total_seconds() / 86_400 if written else None


def gate_in_service(store: "TableStore") -> dict[str, Any]:
    """The row of the classifier in service; empty when there is none."""
    from data_engine.labeling import row_in_service

    return row_in_service(store.read("classifier")) or {}


def _reviewed_labels(runtime: CorpusRuntime, _store: "TableStore", batch: str, tables: Tables) -> tuple[Tables, Facts]:
    with runtime.queue() as queue:
        progress = queue.progress(batch)
    return tables, {"n_undecided": progress.n_undecided}


def _labels(runtime: CorpusRuntime, store: "TableStore", _batch: str, tables: Tables) -> tuple[Tables, Facts]:
    """Per class, the audits of labels accepted without a person: how many, and how many agreed.

    An audit is blind: what the classifier had proposed is in the queue's task, not in the answer.
    """
    reviewed = store.read("reviewed_labels", columns=["task_id", "purpose", "label"])
    audits = reviewed.filter(pc.equal(reviewed["purpose"], "audit")).to_pylist()
    with runtime.queue() as queue:
        tasks = queue.tables()["review_task"].select(["task_id", "proposed_label"]).to_pylist()
    proposed = {row["task_id"]: row["proposed_label"] for row in tasks}
    audited: dict[str, tuple[int, int]] = {}
    for row in audits:
        name = proposed[row["task_id"]]
        n, n_agreed = audited.get(name, (0, 0))
        audited[name] = (n + 1, n_agreed + (row["label"] == name))
    return tables, {"audited": audited}


_FACTS: dict[str, Callable[[CorpusRuntime, "TableStore", str, Tables], tuple[Tables, Facts]]] = {
    "embeddings": _embeddings,
    "cluster_tree": _cluster_tree,
    "balanced_subset": _balanced_subset,
    "classifier": _classifier,
    "proposals": _proposals,
    "reviewed_labels": _reviewed_labels,
    "labels": _labels,
}
