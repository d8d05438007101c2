"""What share of a one-command run is orchestration: everything but the steps' own work, their checks and the review.

    python benchmarks/orchestration_share.py [CORPUS] [--project FOLDER] [--write] [--profile 30]

The corpus is run from nothing, in a data folder and a Dagster home that are deleted afterwards. The goal is 10 %.
Steps and checks time themselves, from their first read to their last write; the rest is Dagster's runs and events,
planning what is stale, and imports that no step waits for.
"""

import argparse
import cProfile
import os
import pstats
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.console import Console

GOAL = 0.10


@contextmanager
def fresh_folders() -> Iterator[None]:
    """Data and Dagster's home in a folder of their own; the project's are not touched."""
    with tempfile.TemporaryDirectory(prefix="orchestration_share_") as folder:
        os.environ["DATA_ENGINE_DATA"] = str(Path(folder) / "data")
        os.environ["DAGSTER_HOME"] = str(Path(folder) / "home")
        os.environ.pop("DATA_ENGINE_REVIEW_URL", None)
        yield


def measured(corpus: str, project_folder: Path, console: Console) -> tuple[dict[str, float], float, int]:
    """Seconds by step (checks and review are among them), seconds in all, and Dagster runs."""
    import dagster as dg
    from data_engine.terminal.own_process import collect_rarely

    from data_engine.orchestration.launch.project import Project
    from data_engine.orchestration.launch.runner import OneCommandRun

    collect_rarely()
    project = Project.find(project_folder)
    runtime = project.runtime(corpus)
    with dg.DagsterInstance.get() as instance:
        outcome = OneCommandRun(runtime, project.definitions_of(runtime), instance, console).execute()
    return outcome.seconds, outcome.total_s, outcome.n_runs


def table(corpus: str, seconds: dict[str, float], total_s: float, n_runs: int) -> str:
    """The seconds as Markdown, the slowest step first, orchestration last."""
    orchestration_s = total_s - sum(seconds.values())
    share = orchestration_s / total_s
    rows = [
        *sorted(seconds.items(), key=lambda row: -row[1]),
        ("**orchestration**", orchestration_s),
        ("**all**", total_s),
    ]
    lines = [
        f"Corpus `{corpus}` from nothing: {n_runs} Dagster runs, each with {orchestration_s / n_runs:.2f} s of it.",
        "",
        "| part | seconds | share |",
        "|---|---|---|",
        *(f"| {name} | {value:.1f} | {value / total_s:.1%} |" for name, value in rows),
        "",
        f"The goal of {GOAL:.0%} is {'met' if share <= GOAL else 'missed'}: {share:.1%}.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", default="license_notices")
    parser.add_argument(
        "--project", type=Path, default=Path(__file__).resolve().parents[1], help="folder of the project"
    )
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    parser.add_argument("--profile", type=int, default=0, metavar="N", help="print the N functions that took longest")
    arguments = parser.parse_args()

    profile = cProfile.Profile() if arguments.profile else None
    with fresh_folders(), profile or nullcontext():
        result = measured(arguments.corpus, arguments.project, Console(file=sys.stderr))
    if profile is not None:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(arguments.profile)
    text = table(arguments.corpus, *result)
    print(text)
    if arguments.write:
        from results import append_results

        append_results("Share of orchestration in a one-command run", text)


if __name__ == "__main__":
    main()
