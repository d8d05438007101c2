"""What `data-engine run` and `data-engine backfill` print around the work itself."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from rich.text import Text

from data_engine.orchestration.bench import Bench, in_order
from data_engine.orchestration.dead_runs import bury_dead_runs
from data_engine.orchestration.one_at_a_time import the_only_command
from data_engine.orchestration.project import Project
from data_engine.orchestration.run import OneCommandRun, Outcome
from data_engine.orchestration.side_by_side import ingest_side_by_side

if TYPE_CHECKING:
    from rich.console import Console


def run_corpus(
    project: Project, corpus: str, *, console: "Console", only: Sequence[str] = (), timings: Path | None = None
) -> bool:
    """Bring a corpus up to date and print the summary; write what took how long to the file `timings`, if given.

    Returns: False when a batch was quarantined or an SQL test fails. Raises: DataEngineError when a step failed.
    """
    bench = project.bench(corpus)
    console.print(f"[bold]{corpus}[/]  {bench.corpus.release.title or bench.corpus.modality}")
    with the_only_command(bench), _instance(console) as instance:
        outcome = OneCommandRun(bench, project.definitions_of(bench), instance, console).execute(only)
    if timings is not None:
        said = {"seconds": outcome.seconds, "total_s": outcome.total_s, "n_runs": outcome.n_runs}
        timings.write_text(json.dumps(said), "utf-8")
    if outcome.n_runs == 0 and not outcome.waiting_for:
        console.print("nothing new: every batch is read and every step is up to date; no step ran")
        return True
    _summary(bench, outcome, console)
    return not (outcome.quarantined or outcome.failed_tests)


def backfill_batches(
    project: Project, corpus: str, batches: Sequence[str], *, console: "Console", n_processes: int = 1
) -> bool:
    """Ingest batches again, one run each, `n_processes` runs at a time; then those whose duplicates lost their twins.

    Returns: False when one was quarantined.
    """
    bench = project.bench(corpus)
    with the_only_command(bench), _instance(console) as instance:
        launcher = OneCommandRun(bench, project.definitions_of(bench), instance, console)
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
        for run in bury_dead_runs(instance):
            console.print(f"  the run {run.run_id[:8]} ({run.job_name}) of a killed command is marked as failed")
        yield instance


def _summary(bench: Bench, outcome: Outcome, console: "Console") -> None:
    from data_engine.reporting import print_summary

    store = bench.store()
    orchestration = outcome.total_s - sum(outcome.seconds.values())
    print_summary(
        console,
        corpus=bench.corpus,
        metrics=store.read("quality_report"),
        seconds=in_order({**outcome.seconds, "orchestration": max(orchestration, 0.0)}),
        places={name: str(_shown(path)) for name, path in _places(bench).items() if path is not None and path.exists()},
        next_steps=_next_steps(bench, outcome),
    )


def _places(bench: Bench) -> dict[str, Path | None]:
    return {
        "report": bench.corpus_folder / "reports" / "report.html",
        "tables": bench.corpus_folder / "tables",
        "release": newest_release(bench),
    }


def newest_release(bench: Bench) -> Path | None:
    """The folder of the newest release; None before the first."""
    table = bench.store().read("release", columns=["release_id"])
    if table.num_rows == 0:
        return None
    return bench.corpus_folder / "releases" / str(table["release_id"][0].as_py())


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _next_steps(bench: Bench, outcome: Outcome) -> list[str]:
    name = bench.corpus.name
    steps = []
    if outcome.waiting_for:
        steps.append(f"data-engine review --corpus {name}   answer {', '.join(outcome.waiting_for)}")
    if outcome.quarantined:
        steps.append(f"mend {', '.join(outcome.quarantined)} at the source, then data-engine run {name} again")
    rejected = bench.store().read("first_pass", columns=["sample_id", "reason"]).to_pylist()
    twin = next((row["sample_id"] for row in rejected if row["reason"] == "near_duplicate"), None)
    if twin:
        steps.append(f"data-engine why {twin[:12]} --corpus {name}   why a near-duplicate was dropped")
    model = "balance_by_level" if newest_release(bench) else "first_pass"
    steps.append(f'data-engine sql "select * from {model}" --corpus {name}   any table, any SQL model')
    steps.append("make ui   every step, check and plot in the Dagster UI")
    return steps
