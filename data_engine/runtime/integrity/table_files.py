"""The check of the tables: their logs, their files, and the rows of every commit against its data version.

How damage is found is in `data_engine.storage.integrity`; what steps say of their tables is in `step_records.py`.
"""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from data_engine.errors import StorageError
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.plan import WRITTEN_BY
from data_engine.runtime.progress import progress
from data_engine.storage.integrity.commit_log import LOG
from data_engine.storage.retention import pinned_versions, versions_in_use

if TYPE_CHECKING:
    from data_engine.storage.integrity.table_damage import Damage, TableLog


def check_tables(checked: CheckedCorpus) -> Iterator[Finding]:
    """Everything of every table that is not as it was written."""
    from data_engine.storage.integrity.table_damage import find_damage, named

    for name, log in checked.logs.items():
        needed = pinned_versions(checked.store.root, checked.store.corpus, name) if checked.pins else []
        pinned = {*needed, *_in_use(checked, log)}
        advance = progress(f"checking {name}", log.last + 1)
        for damage in find_damage(log, pinned, advance):
            where = f"{named(log, damage)}: {checked.shown(damage.path)}"
            if damage.is_record:
                # Rows are compared with their fingerprint also without it.
                yield Finding("error", damage.what, where, f"rm {shlex.quote(str(damage.path))}")
            elif damage.is_needed and (version := _same_rows_later(log, damage)) is not None:
                what = f"{damage.what}; its rows are those of version {version}, too, so that nothing is lost"
                yield Finding("note", what, where, "nothing, or restore it from a backup")
            elif damage.is_needed:
                yield Finding("error", damage.what, where, _remedy(checked, log, damage))
            else:
                yield Finding(
                    "note",
                    f"{damage.what}; neither the newest version, nor a release, nor a step needs it",
                    where,
                    f"nothing; data-engine clean {checked.name} removes such files in time",
                )


def _in_use(checked: CheckedCorpus, log: "TableLog") -> set[int]:
    """The versions that steps stand on; none where the log or what steps say cannot be read, which is found too."""
    try:
        return versions_in_use(checked.store, log.name)
    except StorageError:
        return set()


def _same_rows_later(log: "TableLog", damage: "Damage") -> int | None:
    """The newest version of a piece, where an earlier one is damaged that had the same rows; else None."""
    if damage.is_newest or damage.path.suffix != ".parquet":
        return None
    name = damage.path.relative_to(log.folder).as_posix()
    writer = next((e for e in log.entries.values() if name in {added.path for added in e.added}), None)
    latest = writer and log.latest_commits().get(tuple(writer.piece.items()))
    is_same = writer and latest and latest.info.get("data_version") == writer.info.get("data_version")
    is_whole = latest and not log.damaged & {added.path for added in latest.added}
    return latest.version if latest and is_same and is_whole and latest is not writer else None


def _remedy(checked: CheckedCorpus, log: "TableLog", damage: "Damage") -> str:
    if damage.is_checkpoint:
        # The log has every entry from the first on, so a checkpoint only saves time.
        place = shlex.quote(str(log.folder / LOG))
        return f"rm -f {place}/_last_checkpoint {place}/*.checkpoint*.parquet"
    if damage.is_newest and damage.path.suffix == ".parquet" and log.name in (*WRITTEN_BY, "ledger"):
        # A step whose file is gone runs anew; one that is damaged would be read first.
        return f"rm -f {shlex.quote(str(damage.path))} && {checked.run()}"
    if damage.is_newest:
        return checked.made_anew(log.name, damage.piece, log.folder)
    if damage.path == log.folder:
        place = shlex.quote(str(log.folder))
        return f"restore {place} from a backup, if an older copy was put there, or: {checked.mend_pins()}"
    return (
        f"restore {shlex.quote(str(damage.path))} from a backup; it is of an earlier version, which a release or a "
        "step stands on, and nothing makes that again"
    )
