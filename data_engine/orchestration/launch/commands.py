"""The commands `data-engine run` and `backfill`. The plan of a run is in `runner.py`, printing in `terminal`."""

import json
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache
from io import StringIO
from multiprocessing import active_children, get_context
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.text import Text

from data_engine.errors import InvalidInput
from data_engine.orchestration.launch.command_lock import corpus_lock, remove_leftovers
from data_engine.orchestration.launch.instance_of_home import opened_instance
from data_engine.orchestration.launch.interrupts import interrupts_noticed, raise_if_interrupted
from data_engine.orchestration.launch.orphaned_runs import fail_orphaned_runs
from data_engine.orchestration.launch.project import Project
from data_engine.orchestration.launch.run_plan import plan_run
from data_engine.orchestration.launch.run_remarks import say_promotion
from data_engine.orchestration.launch.runner import OneCommandRun
from data_engine.runtime.amendments.unfinished_forgetting import refuse_unfinished
from data_engine.runtime.changes.run_outcome import standing_of
from data_engine.runtime.corpus_runtime import whole_corpus
from data_engine.runtime.review_rounds import what_is_left
from data_engine.runtime.source_listing import listed_once
from data_engine.runtime.versions import step_versions
from data_engine.terminal.plain_text import plain
from data_engine.terminal.run_plan import print_changes, print_plan
from data_engine.terminal.run_summary import print_run


def run_corpus(
    project: Project, corpus: str, *, console: Console, only: Sequence[str] = (), timings: Path | None = None
) -> bool:
    """Bring a corpus up to date and print the summary; write what took how long to the file `timings`, if given.

    Returns: False when a batch was quarantined or an SQL test fails. Raises: DataEngineError when a step failed.
    """
    runtime, question = whole_corpus(project.runtime(corpus))
    title = runtime.corpus.release.title or runtime.corpus.modality
    console.print(Text.assemble(plain(corpus, "bold"), "  ", plain(title)))
    for each in runtime.asking:
        say_promotion(each, console)
    with corpus_lock(runtime), _instance(console) as instance, listed_once():
        refuse_unfinished(runtime)
        remove_leftovers(runtime)
        planned, before = plan_run(runtime), standing_of(runtime)
        if planned.differences:
            print_plan(planned, console=console)
        printed = planned if planned.differences else None
        launcher = OneCommandRun(runtime, project.definitions_of(runtime), instance, console, printed)
        outcome = launcher.execute(only, question)
    if timings is not None:
        said = {"seconds": outcome.seconds, "total_s": outcome.total_s, "n_runs": outcome.n_runs}
        timings.write_text(json.dumps(said), "utf-8")
    if outcome.n_runs == 0 and not outcome.waiting_for and not outcome.quarantined:
        console.print("nothing new: every batch is read and every step is up to date; no step ran")
        for each in runtime.asking:
            console.print(plain(f"{each.question}: {what_is_left(each)}" if each.question else what_is_left(each)))
        return True
    print_run(runtime, outcome, before, console)
    print_changes(runtime, before, console=console)
    return not (outcome.quarantined or outcome.failed_tests)


def release_corpus(project: Project, corpus: str, *, console: Console) -> bool:
    """Publish what a corpus has by now: answers that people gave, labels, report and release, where they are stale.

    Returns: whether a step ran. Raises: InvalidInput for a corpus without a subset; DataEngineError when a step failed.
    """
    runtime, _ = whole_corpus(project.runtime(corpus))
    if not step_versions(runtime.store(), "balanced_subset"):
        raise InvalidInput(
            f"corpus {corpus} has no subset yet, so there is nothing to release; data-engine run {corpus}"
        )
    with corpus_lock(runtime), _instance(console) as instance:
        refuse_unfinished(runtime)
        remove_leftovers(runtime)
        launcher = OneCommandRun(runtime, project.definitions_of(runtime), instance, console)
        launcher.release()
        return launcher.outcome.n_runs > 0


def backfill_batches(
    project: Project, corpus: str, batches: Sequence[str], *, console: Console, n_processes: int = 1
) -> bool:
    """Ingest batches again, one run each, `n_processes` runs at a time; then those whose duplicates lost their twins.

    Returns: False when one was quarantined.
    """
    runtime, _ = whole_corpus(project.runtime(corpus))
    with corpus_lock(runtime), _instance(console) as instance:
        refuse_unfinished(runtime)
        remove_leftovers(runtime)
        launcher = OneCommandRun(runtime, project.definitions_of(runtime), instance, console)
        if n_processes == 1:
            launcher.backfill(batches)
        else:
            chosen = launcher.chosen_batches(batches)
            with console.status(plain(f"{len(chosen)} batches, {n_processes} at a time")):
                done = ingest_side_by_side(project.folder, corpus, chosen, n_processes)
            for said, quarantined in done:
                console.print(plain(said.rstrip()))
                launcher.outcome.quarantined |= quarantined
        launcher.judge_again()
        return not launcher.outcome.quarantined


def ingest_side_by_side(
    project_folder: Path, corpus: str, batches: Sequence[str], n_processes: int
) -> list[tuple[str, dict[str, str]]]:
    """Ingest batches that are partitions already, `n_processes` at a time.

    Returns: for each batch, in the order given, what its run printed and, where it was quarantined, why.

    Raises: DataEngineError when a run fails by a defect; the batches that had begun come to their end first.
    """
    n = len(batches)
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn"), initializer=_ignore_interrupts) as processes:
        try:
            return list(processes.map(_ingest, [project_folder] * n, [corpus] * n, batches))
        except KeyboardInterrupt:
            for process in active_children():
                process.kill()
            raise


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the one that started the others ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _ingest(project_folder: Path, corpus: str, batch: str) -> tuple[str, dict[str, str]]:
    """One batch, in this process."""
    project = _loaded(project_folder)
    runtime = project.runtime(corpus)
    said = StringIO()
    with opened_instance() as instance:
        launcher = OneCommandRun(runtime, project.definitions_of(runtime), instance, Console(file=said, width=110))
        launcher.backfill([batch])
    return said.getvalue(), launcher.outcome.quarantined


@cache
def _loaded(project_folder: Path) -> Project:
    """A project, loaded once per process."""
    return Project.find(project_folder)


@contextmanager
def _instance(console: Console) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance, cleared of what killed commands left in it."""
    with interrupts_noticed(), opened_instance() as instance:
        for run in fail_orphaned_runs(instance):
            console.print(plain(f"  the run {run.run_id[:8]} ({run.job_name}) of a killed command is marked as failed"))
        yield instance
        raise_if_interrupted()
