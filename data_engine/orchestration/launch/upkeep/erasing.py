"""Forgetting samples while no other command is at work, and taking what shows them out of the Dagster instance.

Previews of tables and images stand in the events of runs, in forms that cannot be searched for, so the runs of the
corpus go that ended after the samples came; those that ended before never saw them. What goes of the data is known to
`data_engine.runtime.amendments.forgotten_samples`.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from math import inf
from pathlib import Path

import dagster as dg

from data_engine.errors import StorageError
from data_engine.orchestration.launch.command_lock import corpus_lock
from data_engine.orchestration.launch.instance_of_home import opened_instance
from data_engine.orchestration.launch.moves import drop_partitions
from data_engine.orchestration.names import asset_key
from data_engine.runtime.amendments.forgotten_samples import Forgetting, forget_samples
from data_engine.runtime.amendments.unfinished_forgetting import (
    UnfinishedForgetting,
    begin_forgetting,
    end_forgetting,
)
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import BATCH_STEPS
from data_engine.runtime.versions import step_versions

_AT_ONCE = 500


def erase(planned: Forgetting, *, reason: str) -> dict[str, str]:
    """Forget the samples in data and history. Broken off, it is finished by giving it again.

    Returns: by release that held any, the release that was made in its place; "" where nothing is left of it.

    Raises: ConcurrentWrite while another command is at work on the corpus; StorageError where the databases of Dagster
        are in use.
    """
    runtime, arrived_at = planned.runtime, planned.kept.arrived_at
    said_at = arrived_at.isoformat() if arrived_at else ""
    with corpus_lock(runtime):
        begin_forgetting(runtime, UnfinishedForgetting(planned.sample_ids, reason, planned.gone, said_at))
        with opened_instance() as instance:
            made = forget_samples(planned, reason=reason, now=datetime.now(UTC))
            drop_partitions(runtime, instance, planned.gone)
            _erase_history(runtime, instance, arrived_at)
            _say_what_stays(runtime, instance)
        _overwrite_deleted(Path(os.environ["DAGSTER_HOME"]))
        end_forgetting(runtime)
    return made


def _erase_history(runtime: CorpusRuntime, instance: dg.DagsterInstance, arrived_at: datetime | None) -> None:
    """Delete what is known of the assets of a corpus, and its runs, but those that ended before the samples came."""
    name = runtime.corpus.name
    keys = [key for key in instance.all_asset_keys() if key.path[0] == name]
    if keys:
        instance.wipe_assets(keys)
    cursor: str | None = None
    while records := instance.get_run_records(limit=_AT_ONCE, cursor=cursor):
        cursor = records[-1].dagster_run.run_id
        for record in records:
            run = record.dagster_run
            selected = {key.path[0] for key in run.asset_selection or ()}
            is_earlier = arrived_at is not None and (record.end_time or inf) < arrived_at.timestamp()
            if not is_earlier and (run.tags.get("corpus") == name or name in selected):
                instance.delete_run(run.run_id)
                shutil.rmtree(Path(os.environ["DAGSTER_HOME"]) / "storage" / run.run_id, ignore_errors=True)


def _say_what_stays(runtime: CorpusRuntime, instance: dg.DagsterInstance) -> None:
    """Tell Dagster again which partitions of which steps are there, or it would show none."""
    for (step, batch), version in sorted(step_versions(runtime.store()).items()):
        if step not in BATCH_STEPS:
            continue
        event = dg.AssetMaterialization(
            asset_key(runtime, step),
            description=f"written on {version.written_at:%Y-%m-%d}, kept when samples of other batches were forgotten",
            metadata={"dagster/partition_row_count": version.n_rows},
            partition=batch,
            tags={"dagster/data_version": version.data_version},
        )
        instance.report_runless_asset_event(event)


def _overwrite_deleted(home: Path) -> None:
    """Overwrite what was deleted in the SQLite files of Dagster, their free pages and their logs."""
    for path in sorted(home.rglob("*.db")):
        try:
            with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
                connection.execute("VACUUM")
                (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            raise StorageError(_in_use(path, str(error))) from error
        if is_busy:
            raise StorageError(_in_use(path, "somebody is reading it"))


def _in_use(path: Path, why: str) -> str:
    return (
        f"what was deleted in {path} could not be overwritten ({why}); stop data-engine ui and give the same command "
        f"again: the samples are forgotten everywhere else"
    )
