"""The check of `step_versions`: whether the tables hold what the steps say that they wrote.

The rows of the tables themselves are checked in `table_files.py`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.plan import STEPS, partition_column
from data_engine.runtime.versions import StepVersion, fingerprint
from data_engine.storage.presence import why_rows_are_lost

if TYPE_CHECKING:
    from data_engine.storage.integrity.commit_log import LogEntry


def check_step_versions(checked: CheckedCorpus) -> Iterator[Finding]:
    """What steps say that they wrote and tables do not hold, and the other way round."""
    for (step, batch), version in checked.versions.items():
        if step in STEPS:
            yield from _version_findings(checked, step, batch, version)
    for step, spec in STEPS.items():
        if spec.is_external:
            continue
        for piece, entry in checked.logs[step].latest_commits().items():
            batch = dict(piece).get(partition_column(step), "")
            is_forgotten = bool(batch) and entry.info.get("n_rows") == "0"
            if (step, batch) not in checked.versions and not is_forgotten:
                yield Finding(
                    "error",
                    "its rows have no row in step_versions: they were never finished, or that row is lost",
                    _where(step, batch),
                    _again(checked, step, batch),
                )


def _version_findings(checked: CheckedCorpus, step: str, batch: str, version: StepVersion) -> Iterator[Finding]:
    log = checked.logs[step]
    column = partition_column(step)
    latest = log.latest_commits().get(((column, batch),) if column else ())
    problem = ""
    if latest is None:
        problem = f"step_versions says that {version.n_rows:,} rows were written, but the table does not have them"
    elif latest.version != version.table_version:
        problem = (
            f"step_versions names version {version.table_version} of the table, but its newest rows are of version "
            f"{latest.version}"
        )
    else:
        problem = _other_content(checked, step, latest, version) or _other_ledger(checked, version)
    if problem:
        yield Finding("error", problem, _where(step, batch), _again(checked, step, batch))


def _other_ledger(checked: CheckedCorpus, version: StepVersion) -> str:
    """Why the ledger does not hold the rows that the step wrote there; empty where it does, or nobody can tell."""
    at = version.version_of("ledger")
    if at is None or not checked.logs["ledger"].is_whole:
        return ""
    piece = {"step": version.step, "batch": version.batch}
    why = why_rows_are_lost(checked.store, "ledger", piece, version=at, run_id=version.run_id)
    return f"its ledger rows are not those that it wrote: {why}" if why else ""


def _other_content(checked: CheckedCorpus, step: str, latest: "LogEntry", version: StepVersion) -> str:
    extra = [checked.logs[table].latest_commits().get(()) for table in STEPS[step].extra_tables]
    missing = [table for table, entry in zip(STEPS[step].extra_tables, extra, strict=True) if entry is None]
    if missing:
        return f"its table {missing[0]} is missing"
    said = [entry.info["data_version"] for entry in (latest, *extra) if entry is not None]
    found = fingerprint(said) if extra else said[0]
    if found != version.data_version:
        return f"step_versions names the data version {version.data_version}, but its tables have {found}"
    if int(latest.info.get("n_rows", version.n_rows)) != version.n_rows:
        return f"step_versions says {version.n_rows:,} rows, its commit {latest.info['n_rows']}"
    return ""


def _where(step: str, batch: str) -> str:
    return f"{step} of {batch}" if batch else step


def _again(checked: CheckedCorpus, step: str, batch: str) -> str:
    column = partition_column(step)
    return checked.made_anew(step, {column: batch}, checked.logs[step].folder) if column == "batch" else checked.run()
