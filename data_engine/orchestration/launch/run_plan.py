"""The plan of a run: what differs since the last one, and the steps that will therefore be done anew.

How it is carried out is in `runner.py`, what a run has changed in `runtime/changes/run_outcome.py`. Nothing is written,
and no lock is taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.errors import StorageError
from data_engine.runtime.amendments.counted_answers import inputs_of
from data_engine.runtime.changes import differences, source_files
from data_engine.runtime.changes.differences import Difference, OtherRows
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.made_from.answered_samples import WAITING
from data_engine.runtime.made_from.question_labels import can_release
from data_engine.runtime.plan import BATCH_STEPS, JOBS, STEPS
from data_engine.runtime.review_rounds import lacking_hold_out
from data_engine.runtime.source_listing import batches_of, listed_once
from data_engine.runtime.staleness import inputs_now, is_stale, sql_models_are_stale, why_lost
from data_engine.runtime.versions import StepVersion, fingerprint, step_versions

if TYPE_CHECKING:
    from data_engine.indexing import SourceFile
    from data_engine.runtime.corpus_runtime import CorpusRuntime

SQL_MODELS = "sql models"


@dataclass
class RunPlan:
    """The plan of a run as far as it can be known before it begins.

    Attributes:
        is_first: Whether nothing was ever done for the corpus.
        differences: What differs, in the order of the steps that it concerns.
        certain: The steps that will be done, in order, each with its batches where it has some.
        following: The steps that will be done where the results before them change.
        waiting: The steps that will be done once people have answered.
        notes: What else is to be known.
    """

    is_first: bool = False
    differences: list[Difference] = field(default_factory=list)
    certain: dict[str, list[str]] = field(default_factory=dict)
    following: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.certain

    @property
    def tells_encoder(self) -> bool:
        """Whether another encoder is named among what differs; other weights under one name are not."""
        return any((each.kind, each.name) == ("setting", "encoder") for each in self.differences)

    def rows(self) -> pa.Table:
        """One row per difference and per step: kind, name, before, after; of a step, `after` names its batches."""
        found = [vars(difference) for difference in self.differences]
        found += [_row("to do", step, ", ".join(batches)) for step, batches in self.certain.items()]
        found += [_row("to do if its input changes", step) for step in self.following]
        found += [_row("to do once people have answered", step) for step in self.waiting]
        found += [_row("note", note) for note in self.notes]
        return pa.Table.from_pylist(found, schema=_ROWS)


#: Steps that stand on answers of people, or on what stands on these.
_OF_ANSWERS = ("classifier", "proposals", "labels", "release")
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
        self.other_rows = OtherRows()

    def plan(self) -> RunPlan:
        """The whole plan."""
        _ = self.runtime.corpus.class_names
        listed = batches_of(self.runtime)
        self.found.is_first = not self.versions
        self._gone_batches(listed)
        for batch, files in listed.items():
            self._batch(batch, files)
        self._job(self._steps_of("curate"))
        self._drift(listed)
        self._answers()
        for question in self.runtime.questions:
            self._question(question)
        for job in ("learn", "publish"):
            self._job(self._steps_of(job))
        self._differ(*self.other_rows.differences())
        if not self.found.is_empty:
            self.found.certain[SQL_MODELS] = []
        elif self._has("quality_report") and sql_models_are_stale(self.runtime):
            self.found.certain[SQL_MODELS] = []
            self._differ(Difference("rows", SQL_MODELS, "", "other tables, a failed test or a lost mart"))
        return self.found

    def _question(self, runtime: "CorpusRuntime") -> None:
        """What will be done for one of several questions, which follows what is done for all of them."""
        own = _Planning(runtime)
        own.found.certain, own.found.following = dict(self.found.certain), list(self.found.following)
        own._answers()
        for job in ("learn", "publish"):
            own._job(own._steps_of(job))
        own._differ(*own.other_rows.differences())
        name = runtime.question
        self._differ(*(replace(each, name=_in_question(name, each.name)) for each in own.found.differences))
        mine = {step: batches for step, batches in own.found.certain.items() if step not in self.found.certain}
        self.found.certain |= {f"{name} {step}": batches for step, batches in mine.items()}
        self.found.following += [f"{name} {step}" for step in own.found.following[len(self.found.following) :]]
        self.found.waiting += [f"{name} {step}" for step in own.found.waiting]

    def _gone_batches(self, listed: "dict[str, tuple[SourceFile, ...]]") -> None:
        """Batches that the source no longer has, and the settings by which it is read now."""
        gone = sorted({batch for step, batch in self.versions if step == "raw_index"} - listed.keys())
        for batch in gone:
            last = self.versions["raw_index", batch]
            self._differ(*(each for each in differences.code_and_settings(self.runtime, last) if each.before))
        if gone:
            self.found.notes.append(source_files.said_of_gone_batches(self.runtime, gone, listed))

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
            is_new = (step, "") not in self.versions
            follows = any(earlier in self.found.certain for earlier in steps[:place])
            if is_new and self._waits_for_people(step):
                self.found.waiting.append(step)
            elif self._has_its_inputs(step) if is_new else follows or self._is_stale(step, ""):
                self.found.certain[step] = []
                is_told = is_new and any(name in self.found.certain for name in STEPS[step].input_steps)
                self._differ(*(() if is_told else self._why(step, "", ())))
            elif self._may_follow(step):
                self.found.following.append(step)

    def _steps_of(self, job: str) -> tuple[str, ...]:
        """The steps of a job; before there are labels, the report alone is published."""
        steps = self.runtime.steps_of_job(job)
        if job != "publish" or not (self._waits_for_people("labels") or self._lacks_every_label()):
            return steps
        self.found.waiting += [step for step in steps if step != "quality_report"]
        return tuple(step for step in steps if step == "quality_report")

    def _lacks_every_label(self) -> bool:
        """Whether nothing can be released of the several questions of a corpus before people have answered."""
        coming = any(name.endswith(" labels") for name in (*self.found.certain, *self.found.following))
        return not coming and not can_release(self.runtime)

    def _waits_for_people(self, step: str) -> bool:
        """Whether a step cannot be done before people have answered, or have answered more."""
        corpus = self.runtime.corpus
        given = corpus.labels.given
        if step not in _OF_ANSWERS or not corpus.has_labels or self._has("proposals") or corpus.review.simulated:
            return False
        if given is not None and (given.in_hold_out or step in ("labels", "release")):
            return False
        is_answered = self._has("reviewed_labels") or "reviewed_labels" in self.found.certain
        return not is_answered or ("reviewed_labels" not in self.found.certain and bool(lacking_hold_out(self.runtime)))

    def _has_its_inputs(self, step: str) -> bool:
        """Whether all that a step that never ran needs is there, or will be."""
        needed = {name.rstrip("*") for name in STEPS[step].inputs if name[-1] not in "?~"}
        if self.runtime.corpus.labels.given is not None:
            needed.discard("reviewed_labels")
        if step == "release" and self.runtime.corpus.has_labels:
            needed.add("labels")
        return all(self._has(name) or name in self.found.certain or STEPS[name].is_external for name in needed)

    def _may_follow(self, step: str) -> bool:
        # The labels of a question stand with its name.
        changing = {name.rpartition(" ")[2] for name in (*self.found.certain, *self.found.following)}
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
        if not self._has("reviewed_labels"):
            is_simulated = bool(self.runtime.corpus.review.simulated)
            (self.found.following if is_simulated else self.found.waiting).append("reviewed_labels")
        try:
            with self.runtime.queue() as queue:
                answered = [batch for batch in queue.batches(self.runtime.corpus.name) if batch.is_ready]
                inputs = {batch.batch_id: inputs_of(self.runtime, queue, batch) for batch in answered}
        except StorageError:
            return
        for batch, now in sorted(inputs.items()):
            last = self.versions.get(("reviewed_labels", batch))
            if last is None or last.input_version != fingerprint(now):
                after = "answered" if last is None else _what_changed_of_answers(last, now)
                self._differ(Difference("answers", batch, "" if last is None else "taken over", after))
                self.found.certain.setdefault("reviewed_labels", []).append(batch)
        if "reviewed_labels" in self.found.certain:
            self.found.waiting.clear()

    def _drift(self, listed: "dict[str, tuple[SourceFile, ...]]") -> None:
        """Drift reports that lack or whose settings changed; those of batches read anew are among their steps."""
        done = self.found.certain.get("drift_report", [])
        if self._has("cluster_tree") or "cluster_tree" in self.found.certain:
            embedded = {batch for step, batch in self.versions if step == "embeddings" and batch in listed}
            coming = {*embedded, *self.found.certain.get("embeddings", [])}
            done = sorted({*done, *(batch for batch in coming if ("drift_report", batch) not in self.versions)})
            if done:
                self.found.certain["drift_report"] = done
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
            yield Difference("rows", f"{step} {batch}".strip(), "", "not made yet")
            return
        lost = why_lost(self.runtime, last)
        if lost:
            yield Difference("lost", f"{step} {batch}".strip(), "", lost)
            return
        found = [*differences.code_and_settings(self.runtime, last), *self._inputs(last, files)]
        yield from found
        self.other_rows.add(last, self._changed_rows(last))
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

    def _changed_rows(self, last: StepVersion) -> Iterator[tuple[str, str, str]]:
        """Name, version that it read and version of now of every input of a step that is not the same."""
        if last.step == "raw_index" or not last.made_from:
            return
        now = inputs_now(self.runtime, self.versions, last.step, last.batch, self.gate)
        for name, old, new in differences.changed_inputs(last.made_from.get("inputs", {}), now):
            if name == WAITING:
                said = "they do not count yet, or not any more; nor does what the data say of their samples"
                self._differ(Difference("answers", "answers that wait", "", said))
                continue
            if name.startswith("known labels/") and old.partition(":")[0] == new.partition(":")[0]:
                # How they become classes is told as settings.
                continue
            # A field that names labels of the data, or names none any more, is told as a setting.
            if not name.startswith(_OF_A_FIELD) or (old and new):
                yield name, old, new

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


def _in_question(question: str, name: str) -> str:
    """The name of what differs of a question: its settings as the corpus has them, `labels.size.rounds`."""
    block, _, field = name.partition(".")
    return f"labels.{question}.{field}" if block == "labels" and field else f"{question} {name}"


def _what_changed_of_answers(last: StepVersion, now: Mapping[str, str]) -> str:
    """Why answers that were taken over are taken over again."""
    before = last.made_from.get("inputs", {})
    if now.get("classes") != before.get("classes"):
        return "other answers count with the classes of now"
    return "answers were corrected, or stand in another queue"


def _row(kind: str, name: str, after: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name, "before": "", "after": after}
