"""Batches of one backfill, side by side in processes of their own.

What may not happen at once is kept apart by the pools of the steps (one first pass per corpus, one encoder per modality
and machine); the tables take commits of different batches in any order.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from io import StringIO
from multiprocessing import get_context
from pathlib import Path

import dagster as dg
from rich.console import Console

from data_engine.orchestration.launch.project import Project
from data_engine.orchestration.launch.runner import OneCommandRun


def ingest_side_by_side(
    project_folder: Path, corpus: str, batches: Sequence[str], n_processes: int
) -> list[tuple[str, dict[str, str]]]:
    """Ingest batches that are partitions already, `n_processes` at a time.

    Returns: for each batch, in the order given, what its run printed and, where it was quarantined, why.

    Raises: DataEngineError when a run fails by a defect; the batches that had begun come to their end first.
    """
    n = len(batches)
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as processes:
        return list(processes.map(_ingest, [project_folder] * n, [corpus] * n, batches))


def _ingest(project_folder: Path, corpus: str, batch: str) -> tuple[str, dict[str, str]]:
    """One batch, in this process."""
    project = _loaded(project_folder)
    runtime = project.runtime(corpus)
    said = StringIO()
    with dg.DagsterInstance.get() as instance:
        launcher = OneCommandRun(runtime, project.definitions_of(runtime), instance, Console(file=said, width=110))
        launcher.backfill([batch])
    return said.getvalue(), launcher.outcome.quarantined


@cache
def _loaded(project_folder: Path) -> Project:
    """A project, loaded once per process."""
    return Project.find(project_folder)
