"""What `data-engine run` and `data-engine backfill` print around the work itself."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from rich.text import Text

from data_engine.orchestration.launch.orphaned_runs import fail_orphaned_runs
from data_engine.orchestration.launch.parallel_backfill import ingest_side_by_side
from data_engine.orchestration.launch.project import Project
from data_engine.orchestration.launch.runner import OneCommandRun, Outcome
from data_engine.runtime.command_lock import corpus_lock
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import in_order

if TYPE_CHECKING:
    from rich.console import Console


def run_corpus(
    project: Project, corpus: str, *, console: "Console", only: Sequence[str] = (), timings: Path | None = None
) -> bool:
    """Bring a corpus up to date and print the summary; write what took how long to the file `timings`, if given.

    Returns: False when a batch was quarantined or an SQL test fails. Raises: DataEngineError when a step failed.
    """
    runtime = project.runtime(corpus)
    console.print(f"[bold]{corpus}[/]  {runtime.corpus.release.title or runtime.corpus.modality}")
    with corpus_lock(runtime), _instance(console) as instance:
        outcome = OneCommandRun(runtime, project.definitions_of(runtime), instance, console).execute(only)
    if timings is not None:
        said = {"seconds": outcome.seconds, "total_s": outcome.total_s, "n_runs": outcome.n_runs}
        timings.write_text(json.dumps(said), "utf-8")
    if outcome.n_runs == 0 and not outcome.waiting_for:
        console.print("nothing new: every batch is read and every step is up to date; no step ran")
        return True
    _summary(runtime, outcome, console)
    return not (outcome.quarantined or outcome.failed_tests)


def backfill_batches(
    project: Project, corpus: str, batches: Sequence[str], *, console: "Console", n_processes: int = 1
) -> bool:
    """Ingest batches again, one run each, `n_processes` runs at a time; then those whose duplicates lost their twins.

    Returns: False when one was quarantined.
    """
    runtime = project.runtime(corpus)
    with corpus_lock(runtime), _instance(console) as instance:
        launcher = OneCommandRun(runtime, project.definitions_of(runtime), instance, console)
        if n_processes == 1:
            launcher.backfill(batches)
        else:
            chosen = launcher.chosen_batches(batches)
            with console.status(f"{len(chosen)} batches, {n_processes} at a time"):
                done = ingest_side_by_side(project.folder, corpus, chosen, n_processes)
            for said, quarantined in done:
                console.print(Text(said.rstrip()))
                launcher.outcome.quarantined |= quarantined
        launcher.judge_again()
        return not launcher.outcome.quarantined


@contextmanager
def _instance(console: "Console") -> Iterator[dg.DagsterInstance]:
    """The Dagster instance, cleared of what killed commands left in it."""
    with dg.DagsterInstance.get() as instance:
        for run in fail_orphaned_runs(instance):
            console.print(f"  the run {run.run_id[:8]} ({run.job_name}) of a killed command is marked as failed")
        yield instance


def _summary(runtime: CorpusRuntime, outcome: Outcome, console: "Console") -> None:
    from data_engine.terminal.summary import print_summary

    store = runtime.store()
    orchestration = outcome.total_s - sum(outcome.seconds.values())
    print_summary(
        console,
        corpus=runtime.corpus,
        metrics=store.read("quality_report"),
        seconds=in_order({**outcome.seconds, "orchestration": max(orchestration, 0.0)}),
        places={
            name: str(_shown(path)) for name, path in _places(runtime).items() if path is not None and path.exists()
        },
        next_steps=_next_steps(runtime, outcome),
    )


def _places(runtime: CorpusRuntime) -> dict[str, Path | None]:
    return {
        "report": runtime.corpus_folder / "reports" / "report.html",
        "tables": runtime.corpus_folder / "tables",
        "release": newest_release(runtime),
    }


def newest_release(runtime: CorpusRuntime) -> Path | None:
    """The folder of the newest release; None before the first."""
    table = runtime.store().read("release", columns=["release_id"])
    if table.num_rows == 0:
        return None
    return runtime.corpus_folder / "releases" / str(table["release_id"][0].as_py())


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _next_steps(runtime: CorpusRuntime, outcome: Outcome) -> list[str]:
    name = runtime.corpus.name
    steps = []
    if outcome.waiting_for:
        steps.append(f"data-engine review --corpus {name}   answer {', '.join(outcome.waiting_for)}")
    if outcome.quarantined:
        steps.append(f"mend {', '.join(outcome.quarantined)} at the source, then data-engine run {name} again")
    rejected = runtime.store().read("first_pass", columns=["sample_id", "reason"]).to_pylist()
    twin = next((row["sample_id"] for row in rejected if row["reason"] == "near_duplicate"), None)
    if twin:
        steps.append(f"data-engine why {twin[:12]} --corpus {name}   why a near-duplicate was dropped")
    model = "balance_by_level" if newest_release(runtime) else "first_pass"
    steps.append(f'data-engine sql "select * from {model}" --corpus {name}   any table, any SQL model')
    steps.append("make ui   every step, check and plot in the Dagster UI")
    return steps
