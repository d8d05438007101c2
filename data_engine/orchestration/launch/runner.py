"""run: the whole graph of one corpus from one command - only what is missing or stale, and it says so.

The same jobs that the Dagster UI launches are executed here in process, against the same instance, so that every run,
asset and check of a one-command run is in the UI afterwards.
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg
from rich.text import Text

from data_engine.errors import ChecksFailed, DataEngineError, InvalidInput
from data_engine.orchestration.automation.drift_reports import config_for
from data_engine.orchestration.instance.compute_logs import printed_on_the_terminal
from data_engine.orchestration.launch.failures import why_failed
from data_engine.orchestration.launch.interrupts import raise_if_interrupted
from data_engine.orchestration.launch.orphaned_runs import process_tags
from data_engine.orchestration.names import asset_key, batch_partitions, corpus_name, review_partitions
from data_engine.runtime import check_gate
from data_engine.runtime.accepted_samples import orphaned_duplicates
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import BATCH_STEPS, JOBS, steps_from
from data_engine.runtime.review_rounds import (
    answer_simulated,
    batches_without_queue,
    create_review_batch,
    known_batches,
    lacking_hold_out,
    remarks_on_known_labels,
)
from data_engine.runtime.source_listing import batches_of, listed_once
from data_engine.runtime.staleness import is_lost, is_stale, sql_models_are_stale, why_lost
from data_engine.runtime.steps.reviewed_labels import inputs_of
from data_engine.runtime.versions import StepVersion, fingerprint, step_versions
from data_engine.terminal.plain_text import counted, plain
from data_engine.terminal.run_summary import RunOutcome

if TYPE_CHECKING:
    from rich.console import Console


class OneCommandRun:
    """The plan of one run, executed from left to right."""

    def __init__(
        self, runtime: CorpusRuntime, defs: dg.Definitions, instance: dg.DagsterInstance, console: "Console"
    ) -> None:
        self.runtime, self.defs, self.instance, self.console = runtime, defs, instance, console
        self.outcome = RunOutcome()
        self._versions: dict[tuple[str, str], StepVersion] | None = None

    def execute(self, only: Sequence[str] = ()) -> RunOutcome:
        """Bring everything up to date.

        Args:
            only: Ingestion batches to take in; all when empty.

        Raises: SourceError when the source cannot be listed; DataEngineError when a step fails.
        """
        started = time.perf_counter()
        with listed_once():
            self._require_classes()
            self.ingest(only)
            self._curate()
            self._label()
            self._publish()
        self.outcome.total_s = time.perf_counter() - started
        return self.outcome

    def _require_classes(self) -> None:
        """Fail on a missing file of classes now, not after everything has been embedded."""
        _ = self.runtime.corpus.class_names

    def ingest(self, only: Sequence[str] = ()) -> None:
        """Bring the ingestion batches up to date, then judge again those whose duplicates lost their twin.

        Args:
            only: Batches to take in; all when empty.

        Raises: InvalidInput when the source does not have one of them; SourceError when it cannot be listed.
        """
        batches = batches_of(self.runtime)
        gone = sorted({batch for step, batch in self._known() if step == "raw_index"} - set(batches))
        if gone:
            self.console.print(plain(f"  the source no longer has {', '.join(gone)}; what was taken in stays"))
            self._hold_lost(gone)
        unknown = sorted(set(only) - set(batches))
        if unknown:
            raise InvalidInput(f"the source has no batches {unknown}; it has {sorted(batches)}")
        self._add_partitions(batch_partitions(self.runtime), sorted(batches))
        # Of a batch whose neighbours are lost the drift is told once they are back.
        n_lost = sum(bool(why_lost(self.runtime, v)) for (step, _), v in self._known().items() if step in BATCH_STEPS)
        for batch in only or sorted(batches):
            steps = [step for step in BATCH_STEPS if self._is_stale(step, batch)]
            if steps:
                self._take_in(batch, steps[0], with_drift=not n_lost)
        self.judge_again()

    def _hold_lost(self, gone: Sequence[str]) -> None:
        """Say which rows of batches that the source no longer has are lost: nobody can make them anew."""
        for (step, batch), version in sorted(self._known().items()):
            lost = why_lost(self.runtime, version) if batch in gone and step in BATCH_STEPS else ""
            if lost:
                why = f"{lost}, and the source no longer has the batch; put it back there"
                self._hold(batch, f"{step} {batch}", why)

    def _take_in(self, batch: str, first: str, *, with_drift: bool = True) -> None:
        """The steps of a batch, from this one on."""
        steps = JOBS["ingest"] if with_drift and ("cluster_tree", "") in self._known() else BATCH_STEPS
        self._launch("ingest", steps[steps.index(first) :], batch, may_fail=True)

    def judge_again(self) -> None:
        """Judge batches whose duplicates name a sample that has left since, or one that new rules reject, or gates.

        What comes back in one batch can be the twin of another's duplicates, so this is repeated until it is settled.
        """
        for _ in [batch for step, batch in self._known() if step == "first_pass"]:
            lost = orphaned_duplicates(self.runtime, self.runtime.store())
            again = [batch for batch in lost if self._may_be_judged(batch)]
            self._add_partitions(batch_partitions(self.runtime), again)
            for batch in again:
                said = f"  {batch} is judged again: what {lost[batch]} of its duplicates repeat is gone"
                self.console.print(plain(said))
                self._take_in(batch, "first_pass")
            if not again:
                return

    def _may_be_judged(self, batch: str) -> bool:
        """Texts are in the raw index; images are looked at again where they were, and may be others by now."""
        is_readable = not (self.runtime.corpus.is_of_images and self._is_stale("raw_index", batch))
        return is_readable and batch not in self.outcome.quarantined

    def backfill(self, batches: Sequence[str]) -> None:
        """Ingest batches again, whether they are stale or not; `all` stands for all of them.

        Raises: InvalidInput when the source does not have one of them.
        """
        for batch in self.chosen_batches(batches):
            self._launch("ingest", JOBS["ingest"], batch, may_fail=True)

    def chosen_batches(self, batches: Sequence[str]) -> list[str]:
        """The batches that these names stand for, each of them a partition from now on; `all` stands for all.

        Raises: InvalidInput when the source does not have one of them.
        """
        known = batches_of(self.runtime)
        chosen = sorted(known) if tuple(batches) == ("all",) else list(batches)
        unknown = sorted(set(chosen) - set(known))
        if unknown:
            raise InvalidInput(f"the source has no batches {unknown}; it has {sorted(known)}")
        self._add_partitions(batch_partitions(self.runtime), chosen)
        return chosen

    def _curate(self) -> None:
        stale = [step for step in JOBS["curate"] if self._is_stale(step)]
        opened, _ = check_gate.accepted_batches(self.runtime, self.runtime.store(), "embeddings", run_id="plan")
        if not opened:
            reasons = "; ".join(self.outcome.quarantined.values()) or "no batch has been embedded"
            raise ChecksFailed(f"no batch is past its checks, so there is nothing to cluster ({reasons})")
        if stale:
            self._launch("curate", steps_from("curate", stale[0]))
        if "cluster_tree" in stale and self.runtime.corpus.tree.fixed_levels is None:
            self._say_levels()
        self._report_drift([batch for batch in opened if self._is_stale("drift_report", batch)])

    def _say_levels(self) -> None:
        """Print why the automatic levels of the tree are as they are."""
        from rich.padding import Padding

        sentences = self.runtime.store().read("tree_explanation")["sentence"].to_pylist()
        self.console.print(Padding(plain(" ".join(sentences)), (0, 0, 0, 6)), style="dim", highlight=False)

    def _report_drift(self, batches: list[str]) -> None:
        """One run for all of them; a batch whose report cannot be made does not hold up the others."""
        if not batches:
            return
        result = self._execute("drift_reports", f"drift of {len(batches)} batches", config_for(self.runtime, batches))
        if result.success:
            return
        why, is_ours = why_failed(self.runtime, result)
        if not is_ours:
            raise DataEngineError(f"the drift reports failed: {why}")
        known = self._known()
        for batch in batches:
            report = known.get(("drift_report", batch))
            if report is None or report.run_id != result.run_id:
                self._hold(batch, f"drift {batch}", why)

    def _label(self) -> None:
        self._say_new_queue()
        while True:
            self._take_answers()
            with self.runtime.queue() as queue:
                batches = queue.batches(self.runtime.corpus.name)
                n_rounds = len(known_batches(self.runtime, queue))
            waiting = [b.batch_id for b in batches if not b.is_answered]
            stale = [step for step in JOBS["learn"] if self._is_stale(step)]
            may_ask = waiting or n_rounds <= self.runtime.corpus.labels.rounds
            if stale and self._has("reviewed_labels") and not (may_ask and lacking_hold_out(self.runtime)):
                self._launch("learn", steps_from("learn", stale[0]))
            if waiting and self.runtime.corpus.review.simulated and self._answer(waiting[0]):
                continue
            self.outcome.waiting_for = waiting
            if waiting or n_rounds > self.runtime.corpus.labels.rounds:
                return
            with self._timed("review"):
                for remark in [] if batches else remarks_on_known_labels(self.runtime):
                    self.console.print(Text.assemble("  ", ("note", "yellow"), f" {remark}"))
                batch = create_review_batch(
                    self.runtime, cause=f"round {n_rounds} of {self.runtime.corpus.labels.rounds}"
                )
            if batch is None:
                return
            self.console.print(Text.assemble("  ", plain(batch, "bold"), " opened"))

    def _say_new_queue(self) -> None:
        """Say that a queue does not have the batches whose answers are in the tables."""
        unknown = ", ".join(batches_without_queue(self.runtime))
        if unknown:
            said = f"  the review queue is new, or an older copy: it does not have {unknown}, whose answers stay in "
            self.console.print(plain(f"{said}the tables; rounds are numbered on"))

    def _answer(self, batch_id: str) -> int:
        with self._timed("review"), self.console.status(plain(f"simulated annotators answer {batch_id}")):
            n_answers = answer_simulated(self.runtime, batch_id)
        said = (" answered: ", counted(n_answers, "answer"), ", all by ", ("simulated", "yellow"), " annotators")
        self.console.print(Text.assemble("  ", plain(batch_id, "bold"), *said))
        return n_answers

    def _take_answers(self) -> None:
        with self.runtime.queue() as queue:
            answered = [b for b in queue.batches(self.runtime.corpus.name) if b.is_answered]
            inputs = {b.batch_id: fingerprint(inputs_of(queue, b.revision)) for b in answered}
        taken = self._known()
        for batch_id, input_version in sorted(inputs.items()):
            version = taken.get(("reviewed_labels", batch_id))
            if version is None or version.input_version != input_version or is_lost(self.runtime, version):
                self._add_partitions(review_partitions(self.runtime), [batch_id])
                self._launch("answers", JOBS["answers"], batch_id)

    def _publish(self) -> None:
        if not self._has("proposals"):
            self.console.print("  no labels yet: the review batch waits for answers")
            return
        stale = [step for step in JOBS["publish"] if self._is_stale(step)]
        if stale:
            self._launch("publish", steps_from("publish", stale[0]))
        elif sql_models_are_stale(self.runtime):
            self._launch("publish", ())

    def _has(self, step: str) -> bool:
        return any(name == step for name, _ in self._known())

    def _is_stale(self, step: str, batch: str = "") -> bool:
        return is_stale(self.runtime, step, batch, versions=self._known())

    def _known(self) -> dict[tuple[str, str], StepVersion]:
        """The last version of every step; read once between two launches."""
        if self._versions is None:
            self._versions = step_versions(self.runtime.store())
        return self._versions

    def _account(self, run_id: str) -> None:
        """Count the seconds that the steps of a run, and their checks, took themselves."""
        self._versions = None
        for (step, _), version in self._known().items():
            if version.run_id == run_id:
                self._add_seconds("sql models" if step.startswith("sql_") else step, version.seconds)
        checked = self.runtime.store().read("check_results", columns=["step", "batch", "seconds", "run_id"]).to_pylist()
        for row in {(row["step"], row["batch"]): row for row in checked if row["run_id"] == run_id}.values():
            self._add_seconds("checks", row["seconds"])

    def _add_seconds(self, what: str, seconds: float) -> None:
        self.outcome.seconds[what] = self.outcome.seconds.get(what, 0.0) + seconds

    def _add_partitions(self, definition: dg.DynamicPartitionsDefinition, keys: Sequence[str]) -> None:
        name = definition.name or ""
        known = set(self.instance.get_dynamic_partitions(name))
        new = [key for key in keys if key not in known]
        if new:
            self.instance.add_dynamic_partitions(name, new)

    def _launch(self, job: str, steps: Sequence[str], batch: str | None = None, *, may_fail: bool = False) -> None:
        keys = [asset_key(self.runtime, step) for step in steps]
        if job == "publish":
            keys += self._sql_model_keys()
        called = f"{job} {batch or ''}".strip()
        result = self._execute(job, called, {}, partition_key=batch, asset_selection=keys)
        if result.success:
            if job == "publish":
                self._name_failed_tests(result)
            return
        why, is_ours = why_failed(self.runtime, result)
        if not may_fail or batch is None or not is_ours:
            raise DataEngineError(f"{called} failed: {why}")
        self._hold(batch, called, why)

    def _execute(self, job: str, called: str, config: dict[str, object], **selected: Any) -> dg.ExecuteInProcessResult:
        """Run a job in this process, and say how long it took where it succeeds."""
        from data_engine.terminal.progress_bars import bars

        started = time.perf_counter()
        with bars(self.console), printed_on_the_terminal(), warnings.catch_warnings():
            # Dagster takes apart a multi-asset of ours for a run with an interface that it calls beta.
            warnings.simplefilter("ignore", dg.BetaWarning)
            result = self.defs.resolve_job_def(corpus_name(self.runtime, job)).execute_in_process(
                instance=self.instance,
                raise_on_error=False,
                run_config={**config, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                tags=process_tags(),
                **selected,
            )
        raise_if_interrupted()
        self.outcome.n_runs += 1
        self._account(result.run_id)
        if result.success:
            took = time.perf_counter() - started
            self.console.print(Text.assemble("  ", ("ok", "green"), "  ", plain(f"{called:<28} {took:6.1f} s")))
        return result

    def _name_failed_tests(self, result: dg.ExecuteInProcessResult) -> None:
        """SQL tests hold nothing back, so a run that breaks one succeeds; it says so."""
        sql = set(self._sql_model_keys())
        for check in result.get_asset_check_evaluations():
            if check.asset_key in sql and not check.passed:
                self.outcome.failed_tests[check.check_name] = check.description or ""
                self.console.print(
                    Text.assemble("  ", ("fails", "red"), plain(f" {check.check_name}: {check.description}"))
                )

    def _hold(self, batch: str, called: str, why: str) -> None:
        self.outcome.quarantined[batch] = why
        self.console.print(Text.assemble("  ", ("held", "red"), plain(f" {called:<28} {why}")))

    def _sql_model_keys(self) -> list[dg.AssetKey]:
        group = corpus_name(self.runtime, "sql")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            graph = self.defs.resolve_asset_graph()
        return [key for key in graph.materializable_asset_keys if graph.get(key).group_name == group]

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self._add_seconds(what, time.perf_counter() - started)
