"""The plan of a run: what differs since the last one, and the steps that will therefore be done anew.

How it is carried out is in `runner.py`, what a run has changed in `runtime/changes/run_outcome.py`. Nothing is written,
and no lock is taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.errors import StorageError
from data_engine.runtime.amendments.counted_answers import inputs_of
from data_engine.runtime.changes import differences, source_files
from data_engine.runtime.changes.differences import Difference
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.plan import BATCH_STEPS, JOBS, STEPS
from data_engine.runtime.source_listing import batches_of, listed_once
from data_engine.runtime.staleness import inputs_now, is_stale, sql_models_are_stale, why_lost
from data_engine.runtime.versions import StepVersion, fingerprint, step_versions

if TYPE_CHECKING:
    from data_engine.indexing import SourceFile
    from data_engine.runtime.corpus_runtime import CorpusRuntime

SQL_MODELS = "sql models"
#: Jobs whose steps have no ingestion batch, in the order in which a run comes to them.
_LATER_JOBS = ("curate", "answers", "learn", "publish")


@dataclass
class RunPlan:
    """The plan of a run as far as it can be known before it begins.

    Attributes:
        is_first: Whether nothing was ever done for the corpus.
        differences: What differs, in the order of the steps that it concerns.
        certain: The steps that will be done, in order, each with its batches where it has some.
        following: The steps that will be done where the results before them change.
        notes: What else is to be known.
    """

    is_first: bool = False
    differences: list[Difference] = field(default_factory=list)
    certain: dict[str, list[str]] = field(default_factory=dict)
    following: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.certain

    def rows(self) -> pa.Table:
        """One row per difference and per step: kind, name, before, after; of a step, `after` names its batches."""
        found = [vars(difference) for difference in self.differences]
        found += [_row("to do", step, ", ".join(batches)) for step, batches in self.certain.items()]
        found += [_row("to do if its input changes", step) for step in self.following]
        found += [_row("note", note) for note in self.notes]
        return pa.Table.from_pylist(found, schema=_ROWS)


#: Inputs that there are only where a field of the YAML names them.
_OF_A_FIELD = ("known labels/", "given labels/")
_ROWS = pa.schema([(name, pa.string()) for name in ("kind", "name", "before", "after")])


def plan_run(runtime: "CorpusRuntime") -> RunPlan:
    """What a run would do by now, and why; nothing is written.

    Raises: SourceError when the source cannot be listed; SourceMissing for a missing file of classes.
    """
    with listed_once():
        return _Planning(replace(runtime, reads_only=True)).plan()


class _Planning:
    """One look at a corpus."""

    def __init__(self, runtime: "CorpusRuntime") -> None:
        self.runtime, self.found = runtime, RunPlan()
        self.store = runtime.store()
        # Of steps that the corpus does not have any more nothing is done, and nothing is read.
        steps = (*runtime.steps, "sql_models", "sql_tests")
        self.versions = {key: version for key, version in step_versions(self.store).items() if key[0] in steps}
        self.gate = CheckGate(runtime, self.store, "plan", keeps_verdicts=False)

    def plan(self) -> RunPlan:
        """The whole plan."""
        _ = self.runtime.corpus.class_names
        listed = batches_of(self.runtime)
        self.found.is_first = not self.versions
        self._gone_batches(set(listed))
        for batch, files in listed.items():
            self._batch(batch, files)
        for job in _LATER_JOBS:
            self._answers() if job == "answers" else self._job(self._steps_of(job))
        self._drift(listed)
        if not self.found.is_empty:
            self.found.following.append(SQL_MODELS)
        elif self._has("quality_report") and sql_models_are_stale(self.runtime):
            self.found.certain[SQL_MODELS] = []
            self._differ(Difference("rows", SQL_MODELS, "", "other tables, a failed test or a lost mart"))
        return self.found

    def _gone_batches(self, listed: set[str]) -> None:
        gone = sorted({batch for step, batch in self.versions if step == "raw_index"} - listed)
        if gone:
            self.found.notes.append(
                f"the source no longer has {', '.join(gone)}; what was taken in from there leaves the corpus"
            )

    def _batch(self, batch: str, files: "Sequence[SourceFile]") -> None:
        """The steps of a batch; from the first that is stale on, all are done."""
        steps = JOBS["ingest"] if ("cluster_tree", "") in self.versions else BATCH_STEPS
        stale = [step for step in BATCH_STEPS if self._is_stale(step, batch)]
        for step in steps[steps.index(stale[0]) :] if stale else ():
            self.found.certain.setdefault(step, []).append(batch)
        if ("raw_index", batch) not in self.versions:
            self._differ(source_files.new_batch(batch, files))
            return
        for step in stale:
            self._differ(*self._why(step, batch, files))

    def _job(self, steps: Sequence[str]) -> None:
        """The steps of a job that has no partitions; from the first that is stale on, all are done."""
        for place, step in enumerate(steps):
            is_stale_itself = (step, "") in self.versions and self._is_stale(step, "")
            if is_stale_itself or any(earlier in self.found.certain for earlier in steps[:place]):
                self.found.certain[step] = []
            elif self._may_follow(step):
                self.found.following.append(step)
            elif (step, "") not in self.versions and self._has_its_inputs(step):
                self.found.certain[step] = []
            if step in self.found.certain:
                self._differ(*self._why(step, "", ()))

    def _steps_of(self, job: str) -> tuple[str, ...]:
        """The steps of a job; before there are proposals, the report alone is published."""
        labels = self.runtime.corpus.labels
        waits = self.runtime.corpus.has_labels and not self._has("proposals") and labels.given is None
        if job == "publish" and waits and "proposals" not in self.found.following:
            return ("quality_report",)
        return self.runtime.steps_of_job(job)

    def _has_its_inputs(self, step: str) -> bool:
        """Whether a step that never ran could: else it waits for a person or a check."""
        needed = {name.rstrip("*") for name in STEPS[step].inputs if name[-1] not in "?~"}
        if self.runtime.corpus.labels.given is not None:
            needed.discard("reviewed_labels")
        return all(self._has(name) or STEPS[name].is_external for name in needed)

    def _may_follow(self, step: str) -> bool:
        changing = {*self.found.certain, *self.found.following}
        for name in STEPS[step].inputs:
            upstream = name.rstrip("*?~")
            is_new = (upstream, "") not in self.versions
            if upstream in changing and (is_new or not name.endswith("?")):
                return True
        return False

    def _answers(self) -> None:
        """Review batches that are answered and not taken over, or not at this revision."""
        if not self.runtime.corpus.has_labels:
            return
        if self.runtime.corpus.review.simulated and not self._has("reviewed_labels"):
            self.found.following.append("reviewed_labels")
        try:
            with self.runtime.queue() as queue:
                answered = [batch for batch in queue.batches(self.runtime.corpus.name) if batch.is_ready]
                inputs = {batch.batch_id: inputs_of(self.runtime, queue, batch) for batch in answered}
        except StorageError:
            return
        for batch, now in sorted(inputs.items()):
            last = self.versions.get(("reviewed_labels", batch))
            if last is None or last.input_version != fingerprint(now):
                after = "answered" if last is None else "answers were corrected, or stand in another queue"
                self._differ(Difference("answers", batch, "" if last is None else "taken over", after))
                self.found.certain.setdefault("reviewed_labels", []).append(batch)

    def _drift(self, listed: "dict[str, tuple[SourceFile, ...]]") -> None:
        """Drift reports whose settings changed; those of batches that are read anew are among their steps."""
        done = self.found.certain.get("drift_report", [])
        known = [batch for step, batch in self.versions if step == "drift_report" and batch not in done]
        stale = [batch for batch in sorted(known) if self._is_stale("drift_report", batch)]
        for batch in stale:
            self._differ(*self._why("drift_report", batch, listed.get(batch, ())))
        if stale:
            self.found.certain["drift_report"] = sorted([*done, *stale])
        elif not done and self._may_follow("drift_report"):
            self.found.following.append("drift_report")

    def _why(self, step: str, batch: str, files: "Sequence[SourceFile]") -> Iterator[Difference]:
        last = self.versions.get((step, batch))
        if last is None:
            yield Difference("rows", f"{step} {batch}".strip(), "", "never made")
            return
        lost = why_lost(self.runtime, last)
        if lost:
            yield Difference("lost", f"{step} {batch}".strip(), "", lost)
            return
        found = [*differences.code_and_settings(self.runtime, last), *self._inputs(last, files)]
        yield from found
        refused = "" if found or batch else self.gate.own_refusal(last)
        if refused:
            yield Difference("checks", step, "", refused)

    def _inputs(self, last: StepVersion, files: "Sequence[SourceFile]") -> Iterator[Difference]:
        now = inputs_now(self.runtime, self.versions, last.step, last.batch, self.gate)
        if last.input_version == fingerprint(now):
            return
        if last.step == "raw_index":
            yield from source_files.changed_files(self.runtime, last, files)
            return
        if not last.made_from:
            yield Difference("rows", f"{last.step} {last.batch}".strip(), "", "its input changed")
            return
        changed = differences.changed_inputs(last.made_from.get("inputs", {}), now)
        for name, old, new in changed:
            if name.startswith(_OF_A_FIELD) and not (old and new):
                # The field that names the labels, or names none any more, is told as a setting.
                continue
            what = "examples" if name.endswith("examples") else "rows"
            after = "gone, or held back" if new in ("", "missing") else "other ones" if old else "new"
            yield Difference(what, name.rstrip("/"), "", after)

    def _is_stale(self, step: str, batch: str) -> bool:
        try:
            return is_stale(self.runtime, step, batch, versions=self.versions, gate=self.gate)
        except StorageError as error:
            self.found.notes.append(f"whether {step} {batch} is up to date cannot be told: {error}".replace("  ", " "))
            return False

    def _has(self, step: str) -> bool:
        return any(name == step for name, _ in self.versions)

    def _differ(self, *differences: Difference) -> None:
        """What differs, said once however many batches and steps it concerns."""
        for difference in differences:
            if difference not in self.found.differences:
                self.found.differences.append(difference)


def _row(kind: str, name: str, after: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name, "before": "", "after": after}
