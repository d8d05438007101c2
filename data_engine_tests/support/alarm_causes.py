"""What makes every alarm of the corpus `notes` go off, and what settles it, as steps and people would leave it."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from ticking import leave
from written_steps import keep_version, pass_checks, write_step

from data_engine.labeling import load_model, row_in_service
from data_engine.runtime.check_gate import accepted_tables, run_checks
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.embeddings import embeddings_by_id
from data_engine.runtime.step_run import execute

START = datetime(2026, 6, 1, tzinfo=UTC)
KINDS = {"agreement", "drift", "gate", "stage", "uncertainty"}


class Causes:
    """The causes of alarms of a finished corpus, whose proposals are right at first."""

    def __init__(self, runtime: CorpusRuntime) -> None:
        self._runtime, self._store = runtime, runtime.store()
        self._proposals = self._store.read("proposals").to_pylist()
        self.propose("certain", uncertainty=0.1, route="classifier")

    def propose(self, version: str, **changed: Any) -> None:
        """Leave the proposals with some columns changed."""
        leave(self._runtime, "proposals", [{**row, **changed} for row in self._proposals], version=version)

    def raise_all(self) -> None:
        """Cross the limit of every kind of alarm."""
        self.propose("in doubt", uncertainty=0.6, route="person")
        self.answer("notes-asked-1", agree=False)
        report = self._store.read("drift_report", partition={"batch": "may.jsonl"}).to_pylist()
        moved = [{**row, "is_alarm": True, "is_suspect": True, "p_value": 0.002} for row in report]
        leave(self._runtime, "drift_report", moved, version="alarmed", batch="may.jsonl")
        self._held = keep_version(self._store, "release", data_version="held", n_rows=1)
        pass_checks(self._runtime, self._held, passed=False)

    def tremble(self) -> None:
        """Come back a little, not beyond the margin of any limit."""
        self.propose("a little better", uncertainty=0.27, route="person")

    def settle_all(self) -> None:
        """Come back beyond every limit, the questions about drift being answered."""
        self.propose("certain again", uncertainty=0.1, route="classifier")
        self.answer("notes-asked-2", agree=True)
        pass_checks(self._runtime, self._held)
        self.answer_as_the_classifier("notes-drifted-001")

    def answer(self, batch: str, *, agree: bool) -> None:
        """Leave a review batch that two people answered, alike or not."""
        labels = [("baking", "baking" if agree else "trains"), ("trains", "trains" if agree else "baking")] * 4
        ids = self._store.read("balanced_subset")["sample_id"].to_pylist()[: len(labels)]
        rows = [
            {"sample_id": sample_id, "review_batch": batch, "task_id": sample_id, "annotator": name, "label": label,
             "annotation_id": f"{batch}{sample_id}{name}", "purpose": "query", "arm": "manual", "provenance": "human",
             "is_simulated": False, "revision": 1}
            for sample_id, pair in zip(ids, labels, strict=True)
            for name, label in zip(("ada", "bob"), pair, strict=True)
        ]  # fmt: skip
        pass_checks(self._runtime, write_step(self._store, "reviewed_labels", rows, batch))

    def answer_as_the_classifier(self, review_batch: str) -> None:
        """Have one person answer all tasks of a batch as the classifier would, and take the answers over."""
        tables = accepted_tables(self._runtime, run_id="test")
        model = load_model(row_in_service(tables.read("classifier"))["artefact"])
        with self._runtime.queue() as queue:
            while (lease := queue.next("ada", now=START, batch=review_batch)) is not None:
                (x,) = embeddings_by_id(tables, pa.array([lease.task.sample_id])).values()
                label = model.class_names[int(model.predict_proba(x[None])[0].argmax())]
                queue.submit(lease.lease_id, lease.lease_id, label=label, now=START)
        execute(self._runtime, "reviewed_labels", review_batch, run_id="test")
        run_checks(self._runtime, self._store, "reviewed_labels", review_batch, run_id="test")
