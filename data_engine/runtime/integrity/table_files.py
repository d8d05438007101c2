"""The check of the tables: their logs, their files, and the rows of every commit against its data version.

How damage is found is in `data_engine.storage.integrity`; what steps say of their tables is in `step_records.py`.
"""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.progress import progress
from data_engine.storage.retention import pinned_versions, versions_in_use

if TYPE_CHECKING:
    from data_engine.storage.integrity.table_damage import Damage, TableLog


def check_tables(checked: CheckedCorpus) -> Iterator[Finding]:
    """Everything of every table that is not as it was written."""
    from data_engine.storage.integrity.table_damage import find_damage, named

    for name, log in checked.logs.items():
        needed = pinned_versions(checked.store.root, checked.store.corpus, name) if checked.pins else []
        pinned = {*needed, *versions_in_use(checked.store, name)}
        advance = progress(f"checking {name}", log.last + 1)
        for damage in find_damage(log, pinned, advance):
            where = f"{named(log, damage)}: {checked.shown(damage.path)}"
            if damage.is_record:
                # Rows are compared with their fingerprint also without it, if nothing else of the commit is found.
                yield Finding(
                    "error", damage.what, where, f"rm {shlex.quote(str(damage.path))}, if nothing else is found"
                )
            elif damage.is_needed:
                yield Finding("error", damage.what, where, _remedy(checked, log, damage))
            else:
                yield Finding(
                    "note",
                    f"{damage.what}; neither the newest version, nor a release, nor a step needs it",
                    where,
                    f"nothing; data-engine clean {checked.name} removes such files in time",
                )


def _remedy(checked: CheckedCorpus, log: "TableLog", damage: "Damage") -> str:
    if damage.is_newest:
        return checked.made_anew(log.name, damage.piece, log.folder)
    return (
        f"restore {shlex.quote(str(damage.path))} from a backup; it is of an earlier version, which a release or a "
        "step stands on, and nothing makes that again"
    )
