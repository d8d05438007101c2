"""The end of a command on the terminal: what a run did, where things are, and what to do next.

The figures and bars of the summary are in `summary.py`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from data_engine.places.kinds import is_local
from data_engine.runtime.amendments.asked_by_people import what_to_ask
from data_engine.runtime.changes.run_outcome import Standing, warnings_now
from data_engine.runtime.check_gate import CheckGate, accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import in_order
from data_engine.runtime.review_rounds import what_is_left
from data_engine.runtime.staleness import is_stale as is_stale_now
from data_engine.runtime.versions import step_versions
from data_engine.terminal.summary import print_summary

if TYPE_CHECKING:
    from rich.console import Console


#: Size of the query batch that is offered to who wants to try the review page.
_ASK = 10


@dataclass
class RunOutcome:
    """The outcome of a one-command run.

    Attributes:
        seconds: Wall seconds of the steps' own work, by step.
        total_s: Wall seconds of everything, orchestration included.
        n_runs: Dagster runs launched.
        quarantined: Why, by batch.
        waiting_for: Review batches that wait for people.
        waits_to_learn: Why nothing can be learnt until review batches are answered; empty when it can.
        failed_tests: What each SQL test that does not hold says, by its name.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    total_s: float = 0.0
    n_runs: int = 0
    quarantined: dict[str, str] = field(default_factory=dict)
    waiting_for: list[str] = field(default_factory=list)
    waits_to_learn: str = ""
    failed_tests: dict[str, str] = field(default_factory=dict)

    def add(self, other: "RunOutcome", question: str) -> None:
        """Add what was done for one of several questions."""
        for step, seconds in other.seconds.items():
            self.seconds[step] = self.seconds.get(step, 0.0) + seconds
        self.n_runs += other.n_runs
        self.waiting_for += other.waiting_for
        if other.waits_to_learn:
            why = f"{question}: {other.waits_to_learn}"
            self.waits_to_learn = "; ".join(filter(None, (self.waits_to_learn, why)))


def print_run(runtime: CorpusRuntime, outcome: RunOutcome, before: Standing, console: "Console") -> None:
    """Print the summary of a run.

    Args:
        runtime: The corpus.
        outcome: What the run did.
        before: Where the corpus stood when it began.
        console: Where to print.
    """
    orchestration = outcome.total_s - sum(outcome.seconds.values())
    print_summary(
        console,
        corpus=runtime.corpus,
        metrics=accepted_tables(runtime, run_id="summary", as_step="quality_report").read("quality_report"),
        seconds=in_order({**outcome.seconds, "orchestration": max(orchestration, 0.0)}),
        places={
            name: str(_shown(path)) for name, path in _places(runtime).items() if path is not None and path.exists()
        },
        next_steps=_next_steps(runtime, outcome),
        warnings=warnings_now(runtime),
        of_earlier=_of_earlier(runtime, outcome, before),
    )


def _of_earlier(runtime: CorpusRuntime, outcome: RunOutcome, before: Standing) -> str:
    """What the figures leave out, or which report of earlier they are from; empty where they are of all that is there.

    A run makes no report where it waits for answers, or where all that is new is held back.
    """
    gate = CheckGate(runtime, runtime.store(), "summary")
    report = gate.latest("quality_report", "")
    held = ", ".join(sorted(outcome.quarantined))
    without = f"{held} {'is' if len(outcome.quarantined) == 1 else 'are'} held back" if held else ""
    if report is None:
        return ""
    then = before.last.get(("quality_report", ""))
    if then is None or then.run_id != report.run_id:
        return f"{without}: the figures below are without what is new there." if without else ""
    versions = step_versions(runtime.store())
    is_stale = is_stale_now(runtime, "quality_report", "", versions=versions, gate=gate)
    if not (without or is_stale):
        return ""
    release = versions.get(("release", ""))
    is_released = release is not None and release.version_of("quality_report") == report.table_version
    place = newest_release(runtime) if is_released else None
    of = f", which the release {place.name} is of" if place else ""
    why = without or "what it is made of has changed since"
    return f"The figures below are those of the report of {report.written_at:%Y-%m-%d %H:%M} UTC{of}: {why}."


def _places(runtime: CorpusRuntime) -> dict[str, Path | None]:
    return {
        "report": runtime.corpus_folder / "reports" / "report.html",
        "tables": runtime.corpus_folder / "tables",
        "release": newest_release(runtime),
    }


def newest_release(runtime: CorpusRuntime) -> Path | None:
    """The folder of the newest release; None before the first."""
    table = accepted_tables(runtime, run_id="summary", as_step="release").read("release", columns=["release_id"])
    if table.num_rows == 0:
        return None
    return runtime.corpus_folder / "releases" / str(table["release_id"][0].as_py())


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if is_local(path) and path.is_relative_to(Path.cwd()) else path


def _next_steps(runtime: CorpusRuntime, outcome: RunOutcome) -> list[str]:
    name = runtime.corpus.name
    steps = []
    if outcome.waiting_for:
        with runtime.queue() as queue:
            known = [batch for each in runtime.asking for batch in queue.batches(each.corpus.name)]
            done = [batch for batch in known if batch.batch_id in outcome.waiting_for]
        n_done, n_tasks = sum(batch.n_done for batch in done), sum(batch.n_tasks for batch in done)
        so_far = f" ({n_done:,} of {n_tasks:,} tasks are answered)" if n_done else ""
        steps.append(f"data-engine review --corpus {name}   answer {', '.join(outcome.waiting_for)}{so_far}")
    for each in runtime.asking if not (outcome.waiting_for and runtime.corpus.has_labels) else ():
        if each.question and any(batch.startswith(f"{each.corpus.name}-") for batch in outcome.waiting_for):
            continue
        steps.append(f"{each.question}: {what_is_left(each)}" if each.question else what_is_left(each))
        asked, about = f"data-engine review --corpus {each.corpus.name} --ask {_ASK}", what_to_ask(each)
        steps += [f"{asked}   answer {about} in the browser"] if about else []
    if outcome.quarantined:
        steps.append(f"mend {', '.join(outcome.quarantined)} at the source, then data-engine run {name} again")
    judged = accepted_tables(runtime, run_id="summary").read("first_pass", columns=["sample_id", "reason"])
    twin = next((row["sample_id"] for row in judged.to_pylist() if row["reason"] == "near_duplicate"), None)
    if twin:
        steps.append(f"data-engine why {twin[:12]} --corpus {name}   why a near-duplicate was dropped")
    model = "balance_by_level" if newest_release(runtime) else "first_pass"
    steps.append(f'data-engine sql "select * from {model}" --corpus {name}   any table, any SQL model')
    steps.append("data-engine ui   every step, check and plot in the Dagster UI")
    return steps
