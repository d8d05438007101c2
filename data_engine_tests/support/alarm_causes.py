"""What makes every alarm of the corpus `notes` go off, and what settles it, as steps and people would leave it."""

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from ticking import leave
from written_steps import keep_version, pass_checks, write_step

from data_engine.labeling import load_model, row_in_service
from data_engine.runtime.check_gate import accepted_tables, run_checks
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.embeddings import embeddings_by_id
from data_engine.runtime.step_run import execute
from data_engine.schemas import answer_text

START = datetime(2026, 6, 1, tzinfo=UTC)
KINDS = {"agreement", "class_stage", "drift", "gate", "route", "stage", "uncertainty"}
_TAKEN = "classifier: probability 0.9900 >= gate 0.9000"
_SHUT = (
    "person: classifier (shut by its audits: {} of 20 right, so at most 0.896 of its answers, below the promise of "
    "0.95)"
)


class Causes:
    """The causes of alarms of a finished corpus, whose proposals are right at first."""

    def __init__(self, runtime: CorpusRuntime) -> None:
        self._runtime, self._store = runtime, runtime.store()
        self._proposals = self._store.read("proposals").to_pylist()
        self._answered: set[str] = set()
        self.propose("certain", uncertainty=0.1, route="classifier", reason=_TAKEN, gate_lower_bound=0.955)
        self.answer("notes-asked-0", agree=True, n_baking=30)

    def propose(self, version: str, **changed: Any) -> None:
        """Leave the proposals with some columns changed."""
        leave(self._runtime, "proposals", [{**row, **changed} for row in self._proposals], version=version)

    def raise_all(self) -> None:
        """Cross the limit of every kind of alarm."""
        self.propose("in doubt", uncertainty=0.6, route="person", reason=_SHUT.format(15), gate_lower_bound=None)
        self.answer("notes-asked-1", agree=False)
        report = self._store.read("drift_report", partition={"batch": "may.jsonl"}).to_pylist()
        moved = [{**row, "is_alarm": True, "is_suspect": True, "p_value": 0.002} for row in report]
        leave(self._runtime, "drift_report", moved, version="alarmed", batch="may.jsonl")
        self._held = keep_version(self._store, "release", data_version="held", n_rows=1)
        pass_checks(self._runtime, self._held, passed=False)

    def tremble(self) -> None:
        """Come back a little, not beyond the margin of any limit."""
        shut = {"route": "person", "reason": _SHUT.format(16), "gate_lower_bound": None}
        self.propose("a little better", uncertainty=0.27, **shut)

    def settle_all(self) -> None:
        """Come back beyond every limit, the questions about drift being answered."""
        self.propose("certain again", uncertainty=0.1, route="classifier", reason=_TAKEN, gate_lower_bound=0.955)
        self.answer("notes-asked-2", agree=True, n_baking=80)
        pass_checks(self._runtime, self._held)
        self.answer_as_the_classifier("notes-drifted-001")

    def answer(self, batch: str, *, agree: bool, n_baking: int = 4) -> None:
        """Leave a review batch that two people answered, alike or not; one saw proposals of the class `baking`.

        Each has other samples; those of the first and the last are outside the subset, as far as there are any.
        """
        labels = [("baking", "baking" if agree else "trains")] * n_baking
        labels += [("trains", "trains" if agree else "baking")] * 4
        ids = self._samples([label for label, _ in labels], is_in_subset=not agree)
        said = answer_text({"label": "baking"})
        rows = [
            {"sample_id": sample_id, "review_batch": batch, "task_id": sample_id, "annotator": name, "label": label,
             "annotation_id": f"{batch}{sample_id}{name}", "purpose": "query", "arm": "manual", "provenance": "human",
             "is_simulated": False, "revision": 1,
             "proposed_answer": said if (name, label) == ("bob", "baking") else None}
            for sample_id, pair in zip(ids, labels, strict=True)
            for name, label in zip(("ada", "bob"), pair, strict=True)
        ]  # fmt: skip
        pass_checks(self._runtime, write_step(self._store, "reviewed_labels", rows, batch))

    def _samples(self, labels: list[str], *, is_in_subset: bool) -> list[str]:
        """A sample for each label that it really has and that no batch asked about yet."""
        raw = self._store.read("raw_index", columns=["sample_id", "metadata"]).to_pylist()
        topics = {row["sample_id"]: json.loads(row["metadata"])["topic"] for row in raw}
        subset = set(self._store.read("balanced_subset")["sample_id"].to_pylist())
        judged = self._store.read("first_pass").filter(pc.field("verdict") == "kept")["sample_id"].to_pylist()
        order = sorted(set(judged) - self._answered, key=lambda each: ((each in subset) != is_in_subset, each))
        places = {label: iter([each for each in order if topics[each] == label]) for label in set(labels)}
        chosen = [next(places[label]) for label in labels]
        self._answered |= set(chosen)
        return chosen

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
