"""run: the whole graph of one corpus from one command - only what is missing or stale, and it says so.

The same jobs that the Dagster UI launches are executed here in process, against the same instance, so that every run,
asset and check of a one-command run is in the UI afterwards; how one job is executed is in `job_runs.py`.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg
from rich.text import Text

from data_engine.errors import ChecksFailed, DataEngineError, InvalidInput
from data_engine.orchestration.automation.drift_reports import config_for
from data_engine.orchestration.launch import run_remarks
from data_engine.orchestration.launch.failures import why_failed
from data_engine.orchestration.launch.job_runs import JobRuns
from data_engine.orchestration.launch.moves import Moves
from data_engine.orchestration.names import batch_partitions, review_partitions
from data_engine.review.class_names import is_again
from data_engine.runtime import staleness
from data_engine.runtime.accepted_samples import orphaned_duplicates
from data_engine.runtime.amendments.counted_answers import inputs_of
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.named_in_data import check_names_in_data
from data_engine.runtime.made_from.question_labels import can_release
from data_engine.runtime.objects.tasks import why_not_learnt
from data_engine.runtime.plan import BATCH_STEPS, JOBS, steps_from
from data_engine.runtime.review_rounds import (
    FOR_PEOPLE,
    create_review_batch,
    expire_old_batches,
    known_batches,
    lacking_hold_out,
    learnt_from_other_given_labels,
)
from data_engine.runtime.simulation.simulated_answers import answer_simulated, remarks_on_known_labels
from data_engine.runtime.source_listing import batches_of, listed_once
from data_engine.runtime.versions import fingerprint, step_versions
from data_engine.terminal.plain_text import counted, plain
from data_engine.terminal.run_summary import RunOutcome

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.orchestration.launch.run_plan import RunPlan


class OneCommandRun:
    """The plan of one run, executed from left to right; what was printed of it before is not said again."""

    def __init__(
        self,
        runtime: CorpusRuntime,
        defs: dg.Definitions,
        instance: dg.DagsterInstance,
        console: "Console",
        printed: "RunPlan | None" = None,
    ) -> None:
        self.runtime, self.console, self._printed = runtime, console, printed
        self.outcome = RunOutcome()
        self.jobs = JobRuns(runtime, defs, instance, console, self.outcome)

    def execute(self, only: Sequence[str] = (), question: str = "") -> RunOutcome:
        """Bring everything up to date.

        Args:
            only: Ingestion batches to take in; all when empty.
            question: The one of several questions that is labelled; all when empty.

        Raises: SourceError when the source cannot be listed; DataEngineError when a step fails.
        """
        started = time.perf_counter()
        with listed_once():
            # A missing file of classes fails now, not after everything has been embedded.
            _ = [each.corpus.class_names for each in self.runtime.asking]
            self.ingest(only)
            self._curate()
            if self.runtime.corpus.has_labels:
                self._label()
                if self.runtime.corpus.review.tasks_for_people:
                    with self.jobs.timed("review"):
                        run_remarks.open_for_people(self.runtime, self.console)
            for each in self.runtime.questions:
                if question in ("", each.question):
                    self._label_question(each)
            self.publish()
            run_remarks.say_third_opinions(self.runtime, self.outcome, self.console)
        self.outcome.total_s = time.perf_counter() - started
        return self.outcome

    def ingest(self, only: Sequence[str] = ()) -> None:
        """Bring the ingestion batches up to date, then judge again those whose duplicates lost their twin.

        Args:
            only: Batches to take in; all when empty.

        Raises: InvalidInput when the source does not have one of them; SourceError when it cannot be listed.
        """
        batches = batches_of(self.runtime)
        unknown = sorted(set(only) - set(batches))
        if unknown:
            raise InvalidInput(f"the source has no batches {unknown}; it has {sorted(batches)}")
        stale = staleness.first_stale_steps(self.runtime, only or sorted(batches), self.jobs.known())
        for each in (self.runtime, *self.runtime.questions):
            check_names_in_data(each.corpus, batches, step_versions(each.store()), stale)
        is_told = self._printed is not None and self._printed.tells_encoder
        is_other_encoder = bool(stale) and run_remarks.load_and_say_encoder(self.runtime, self.console, is_told=is_told)
        moves = Moves(self.runtime, batches, self.jobs.instance, self.console)
        is_changed = moves.forget_gone(is_told=self._printed is not None)
        self.jobs.add_partitions(batch_partitions(self.runtime), sorted(batches))
        # What moves from one batch to another has left the first before the second is judged.
        for batch in moves.to_read_first(only or sorted(batches)):
            self.jobs.launch("ingest", ("raw_index",), batch, may_fail=True)
            is_changed = True
        if is_changed:
            self.jobs.forget_versions()
            stale = staleness.first_stale_steps(self.runtime, only or sorted(batches), self.jobs.known())
        # Of a batch whose neighbours are lost the drift is told once they are back.
        n_lost = staleness.n_lost_of_batches(self.runtime, self.jobs.known())
        for batch in sorted(stale.keys() - self.outcome.quarantined.keys()):
            # A tree of other vectors is built anew first.
            self._take_in(batch, stale[batch], with_drift=not n_lost and not is_other_encoder)
        self._embed_again()
        self.judge_again()
        moves.say()

    def _embed_again(self) -> None:
        """Embed batches that were not taken in now and whose vectors are of another encoder than the newest ones."""
        others = set(staleness.batches_of_other_encoders(self.runtime, self.jobs.known()))
        for batch in sorted(others - set(self.outcome.quarantined)):
            self.jobs.add_partitions(batch_partitions(self.runtime), [batch])
            self.jobs.launch("ingest", ["embeddings"], batch, may_fail=True)

    def _take_in(self, batch: str, first: str, *, with_drift: bool = True) -> None:
        """The steps of a batch, from this one on."""
        steps = JOBS["ingest"] if with_drift and ("cluster_tree", "") in self.jobs.known() else BATCH_STEPS
        self.jobs.launch("ingest", steps[steps.index(first) :], batch, may_fail=True)

    def judge_again(self) -> None:
        """Judge batches whose duplicates name a sample that has left since, or one that new rules reject, or gates.

        What comes back in one batch can be the twin of another's duplicates, so this is repeated until it is settled.
        """
        for _ in [batch for step, batch in self.jobs.known() if step == "first_pass"]:
            lost = orphaned_duplicates(self.runtime, self.runtime.store())
            again = [batch for batch in lost if self._may_be_judged(batch)]
            self.jobs.add_partitions(batch_partitions(self.runtime), again)
            for batch in again:
                said = f"  {batch} is judged again: what {lost[batch]} of its duplicates repeat is gone"
                self.console.print(plain(said))
                self._take_in(batch, "first_pass")
            if not again:
                return

    def _may_be_judged(self, batch: str) -> bool:
        """Texts are in the raw index; images are looked at again where they were, and may be others by now."""
        is_readable = not (self.runtime.corpus.samples.is_read_again and self._is_stale("raw_index", batch))
        return is_readable and batch not in self.outcome.quarantined

    def backfill(self, batches: Sequence[str]) -> None:
        """Ingest batches again, whether they are stale or not; `all` stands for all of them.

        Raises: InvalidInput when the source does not have one of them.
        """
        chosen = self.chosen_batches(batches)
        run_remarks.load_and_say_encoder(self.runtime, self.console)
        for batch in chosen:
            self.jobs.launch("ingest", JOBS["ingest"], batch, may_fail=True)

    def chosen_batches(self, batches: Sequence[str]) -> list[str]:
        """The batches that these names stand for, each of them a partition from now on; `all` stands for all.

        Raises: InvalidInput when the source does not have one of them.
        """
        known = batches_of(self.runtime)
        chosen = sorted(known) if tuple(batches) == ("all",) else list(batches)
        unknown = sorted(set(chosen) - set(known))
        if unknown:
            raise InvalidInput(f"the source has no batches {unknown}; it has {sorted(known)}")
        self.jobs.add_partitions(batch_partitions(self.runtime), chosen)
        return chosen

    def _curate(self) -> None:
        stale = [step for step in JOBS["curate"] if self._is_stale(step)]
        opened = self.jobs.gate().accepted("embeddings")
        if not opened:
            reasons = "; ".join(self.outcome.quarantined.values()) or "no batch has been embedded"
            raise ChecksFailed(f"no batch is past its checks, so there is nothing to cluster ({reasons})")
        if stale:
            self.jobs.launch("curate", steps_from("curate", stale[0]))
        if "cluster_tree" in stale and self.runtime.corpus.tree.fixed_levels is None:
            run_remarks.say_levels(self.runtime, self.console)
        self._report_drift([batch for batch in opened if self._is_stale("drift_report", batch)])

    def _report_drift(self, batches: list[str]) -> None:
        """One run for all of them; a batch whose report cannot be made does not hold up the others."""
        if not batches:
            return
        called = f"drift of {len(batches):,} batch{'es' * (len(batches) > 1)}"
        result = self.jobs.execute("drift_reports", called, config_for(self.runtime, batches))
        if result.success:
            return
        why, is_ours = why_failed(self.runtime, result)
        if not is_ours:
            raise DataEngineError(f"the drift reports failed: {why}")
        known = self.jobs.known()
        for batch in batches:
            report = known.get(("drift_report", batch))
            if report is None or report.run_id != result.run_id:
                self.jobs.hold(batch, f"drift {batch}", why)

    def _label_question(self, runtime: CorpusRuntime) -> None:
        """Bring the labels of one of several questions up to date."""
        self.console.print(Text.assemble("  ", plain(runtime.question, "bold"), f"  {runtime.corpus.labels.question}"))
        run = OneCommandRun(runtime, self.jobs.defs, self.jobs.instance, self.console)
        run._label()
        run.publish()
        self.outcome.add(run.outcome, runtime.question)
        self.jobs.forget_versions()

    def _label(self) -> None:
        run_remarks.say_before_labels(self.runtime, self.console)
        if self._is_stale("labels"):
            run_remarks.say_given(self.runtime, self.console)
        while True:
            self._take_answers()
            run_remarks.say_asked_again(self.runtime, self.console)
            with self.runtime.queue() as queue:
                batches = queue.batches(self.runtime.corpus.name)
                n_rounds = len(known_batches(self.runtime, queue))
            waiting = [b.batch_id for b in batches if not b.is_ready]
            again = [batch_id for batch_id in waiting if is_again(batch_id, self.runtime.corpus.name)]
            if again and self.runtime.corpus.review.simulated and self._answer(again[0]):
                continue
            self.outcome.waiting_for = waiting
            if not self._learn(again, may_ask=bool(waiting) or n_rounds <= self.runtime.corpus.labels.rounds):
                return
            simulated = [b.batch_id for b in batches if not b.is_answered and b.cause != FOR_PEOPLE]
            if self.runtime.corpus.review.simulated and sum(map(self._answer, simulated)):
                continue
            if waiting or n_rounds > self.runtime.corpus.labels.rounds:
                return
            with self.jobs.timed("review"):
                for remark in [] if batches else remarks_on_known_labels(self.runtime):
                    self.console.print(Text.assemble("  ", ("note", "yellow"), f" {remark}"), soft_wrap=True)
                cause = f"round {n_rounds} of {self.runtime.corpus.labels.rounds}"
                batch = create_review_batch(self.runtime, cause=cause)
            if batch is None:
                return
            self.console.print(Text.assemble("  ", plain(batch, "bold"), " opened"))

    def _learn(self, again: Sequence[str], *, may_ask: bool) -> bool:
        """Train where that is due; False when it has to wait for the review batches that ask again."""
        stale = [step for step in self.runtime.steps_of_job("learn") if self._is_stale(step)]
        may_ask = may_ask or not self._has("reviewed_labels")
        if not stale or not self._has_answers() or (may_ask and lacking_hold_out(self.runtime)):
            return True
        if reason := why_not_learnt(self.runtime):
            self.console.print(plain(f"  {reason}"))
            return True
        try:
            self.jobs.launch("learn", steps_from("learn", stale[0]))
        except DataEngineError as error:
            if not self._has("proposals") and run_remarks.say_nothing_proposed(self.runtime, error, self.console):
                return True
            if not again:
                raise
            self.outcome.waits_to_learn = str(error)
            return False
        if stale[0] == "classifier":
            run_remarks.say_comparison(self.runtime, self.console)
        return True

    def _answer(self, batch_id: str) -> int:
        with self.jobs.timed("review"), self.console.status(plain(f"simulated annotators answer {batch_id}")):
            n_answers = answer_simulated(self.runtime, batch_id)
        said = (" answered: ", counted(n_answers, "answer"), ", all by ", ("simulated", "yellow"), " annotators")
        self.console.print(Text.assemble("  ", plain(batch_id, "bold"), *said))
        return n_answers

    def _take_answers(self) -> None:
        expire_old_batches(self.runtime)
        with self.runtime.queue() as queue:
            batches = [batch for batch in queue.batches(self.runtime.corpus.name) if batch.is_ready]
            inputs = {b.batch_id: fingerprint(inputs_of(self.runtime, queue, b)) for b in batches}
        taken = self.jobs.known()
        for batch_id, input_version in sorted(inputs.items()):
            version = taken.get(("reviewed_labels", batch_id))
            if version is None or version.input_version != input_version or staleness.is_lost(self.runtime, version):
                self.jobs.add_partitions(review_partitions(self.runtime), [batch_id])
                self.jobs.launch("answers", JOBS["answers"], batch_id)

    def release(self) -> None:
        """Take over the answers that there are, and publish; nothing is taken in, asked or learnt.

        Raises: InvalidInput for a corpus that has no subset yet; DataEngineError when a step fails.
        """
        name = self.runtime.corpus.name
        if not self._has("balanced_subset"):
            raise InvalidInput(
                f"corpus {name} has no subset yet, so there is nothing to release; data-engine run {name}"
            )
        for each in self.runtime.asking:
            run = (
                self if each is self.runtime else OneCommandRun(each, self.jobs.defs, self.jobs.instance, self.console)
            )
            run._take_answers()
            if run is not self:
                run.publish()
                self.outcome.add(run.outcome, each.question)
                self.jobs.forget_versions()
        self.publish()

    def publish(self) -> None:
        """Labels, report and release of what there is, where they are stale."""
        steps = self.runtime.steps_of_job("publish")
        if self.runtime.corpus.has_labels and not self._has("proposals"):
            if "proposals" in self.runtime.steps or not self._has_answers():
                run_remarks.say_no_classifier(self.runtime, self.console)
            steps = steps if self._has_answers() else tuple(step for step in steps if step == "quality_report")
        elif self.outcome.waits_to_learn:
            run_remarks.say_waiting(self.outcome, self.console)
            return
        elif self.runtime.corpus.has_labels and learnt_from_other_given_labels(self.runtime):
            # Nothing is published of labels that were given before, and are not now.
            self.outcome.waits_to_learn = lacking_hold_out(self.runtime) or "there are no answers to learn from"
            run_remarks.say_waiting(self.outcome, self.console)
            return
        if not can_release(self.runtime):
            steps = tuple(step for step in steps if step != "release")
        stale = [step for step in steps if self._is_stale(step)]
        if stale:
            self.jobs.launch("publish", steps[steps.index(stale[0]) :])
        elif not self.runtime.question and staleness.sql_models_are_stale(self.runtime):
            self.jobs.launch("publish", ())

    def _has(self, step: str) -> bool:
        return any(name == step for name, _ in self.jobs.known())

    def _has_answers(self) -> bool:
        """Whether anybody answered, or the data give labels."""
        return self._has("reviewed_labels") or self.runtime.corpus.labels.given is not None

    def _is_stale(self, step: str, batch: str = "") -> bool:
        return staleness.is_stale(self.runtime, step, batch, versions=self.jobs.known(), gate=self.jobs.gate())
