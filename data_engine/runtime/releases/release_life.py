"""The releases of a corpus and what can be done with them once they are made.

Making one is a step, in `runtime/steps/release.py`; their files are known to `data_engine.releasing`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import InvalidInput, StorageError
from data_engine.places.kinds import is_local
from data_engine.releasing import changes_of_facts, damage_of_release, read_manifest
from data_engine.releasing.differences import RELABELLED, REMOVED, SampleDifference, differences
from data_engine.releasing.exporting import rows_of_folder
from data_engine.releasing.release_marks import ReleaseMarks, drop_marks, pin_release, put_into_service, read_marks
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import STEPS
from data_engine.runtime.releases.current import current_release

#: The steps whose decisions say why a sample is in a release with its label, the last first.
_DECIDED_BY = ("labels", "balanced_subset", "first_pass")


@dataclass(frozen=True)
class Releases:
    """The releases of a corpus as they lie in its folder."""

    runtime: CorpusRuntime

    @property
    def folder(self) -> Path:
        """The folder of the corpus, which all its questions share."""
        return (self.runtime.shared or self.runtime).corpus_folder

    @property
    def marks(self) -> ReleaseMarks:
        """What people decided about them."""
        return read_marks(self.folder)

    def folders(self) -> list[Path]:
        """The folder of every release, the oldest first; those whose manifest cannot be read come before."""
        root = self.folder / "releases"
        if is_local(root):
            there = [path for path in root.glob("*") if path.is_dir()]
        else:
            # One without its manifest is being written, or its writer was killed.
            there = [path.parent for path in root.glob("*/manifest.json")]
        found = [path for path in there if not path.name.startswith(".")]
        return sorted(found, key=lambda path: (_created(path), path.name))

    def in_service(self) -> Path:
        """The release that is taken where none is named: the current one, or the one that people went back to.

        Raises: InvalidInput where there is none.
        """
        chosen = self.marks.in_service
        return self.named(chosen) if chosen else self.current()

    def current(self) -> Path:
        """The release that the tables hold; the newest where they hold none that is there.

        Labels, or a licence, may have come back to what an older release has: then that one is current.

        Raises: InvalidInput where there is none.
        """
        folders = self.folders()
        if not folders:
            raise InvalidInput(
                f"corpus {self.runtime.corpus.name} has no release yet; make one with "
                f"data-engine run {self.runtime.corpus.name}"
            )
        held = self.current_id()
        return next((folder for folder in folders if folder.name == held), folders[-1])

    def current_id(self) -> str:
        """The id of the release that the tables hold; "" where they hold none."""
        return current_release(self.runtime)

    def declared_otherwise(self, one: str, other: str) -> dict[str, tuple[str, str]]:
        """What two releases declare otherwise, such as `licence`: the text before and after."""
        return changes_of_facts(read_manifest(self.named(one)), read_manifest(self.named(other)))

    def named(self, release_id: str) -> Path:
        """The folder of a release by its id, or a start of that which fits one only.

        Raises: InvalidInput where none fits, or several do.
        """
        found = [path for path in self.folders() if release_id and path.name.startswith(release_id)]
        if len(found) != 1:
            there = ", ".join(path.name for path in self.folders()) or "none"
            fits = "no release begins with" if not found else f"{len(found)} releases begin with"
            raise InvalidInput(f"{fits} {release_id!r}; corpus {self.runtime.corpus.name} has {there}")
        return found[0]

    def damage(self, folder: Path) -> Iterator[tuple[Path, str]]:
        """What is wrong with a release, every byte of it read again: paths, and what of them."""
        try:
            manifest = read_manifest(folder)
        except StorageError as error:
            yield folder / "manifest.json", str(error)
            return
        yield from damage_of_release(folder, manifest)

    def pin(self, release_id: str, *, by: str, why: str, now: datetime) -> str:
        """Keep a release from being deleted, until the pin is taken off. Returns: its id."""
        folder = self.named(release_id)
        pin_release(self.folder, folder.name, {"by": by, "why": why, "at": now.isoformat(timespec="seconds")})
        return folder.name

    def unpin(self, release_id: str) -> str:
        """Take the pin off a release. Returns: its id. Raises: InvalidInput where it has none."""
        folder = self.named(release_id)
        if folder.name not in self.marks.pinned:
            raise InvalidInput(f"release {folder.name} is not pinned, so there is no pin to take off")
        pin_release(self.folder, folder.name, None)
        return folder.name

    def roll_back(self, release_id: str = "") -> str:
        """Put an older release into service: the named one, or the one made before the one in service.

        Returns: its id.
        Raises: InvalidInput where there is none before, or it is in service; StorageError where it is damaged.
        """
        now = self.in_service()
        folders = self.folders()
        place = folders.index(now)
        if not release_id and place == 0:
            raise InvalidInput(f"release {now.name} is the first, so there is none to go back to")
        folder = self.named(release_id) if release_id else folders[place - 1]
        if folder == now:
            raise InvalidInput(f"release {folder.name} is in service already; name another")
        for path, what in self.damage(folder):
            raise StorageError(f"{path} of release {folder.name}: {what}; restore it before it goes into service")
        put_into_service(self.folder, "" if folder == self.current() else folder.name)
        return folder.name

    def delete(self, release_id: str) -> tuple[str, int]:
        """Delete the files of a release, and let go of the table versions that it stands on.

        Returns: its id, and the bytes of its files.
        Raises: InvalidInput for one that is pinned, in service, or current.
        """
        from data_engine.storage.cleaning.leftovers import delete, size_of
        from data_engine.storage.retention import unpin

        folder = self.named(release_id)
        pinned = self.marks.pinned.get(folder.name)
        if pinned is not None:
            raise InvalidInput(
                f"release {folder.name} is pinned by {pinned['by']} ({pinned['why']}); take the pin off first with "
                f"data-engine release pin {folder.name} --off"
            )
        if folder == self.in_service():
            raise InvalidInput(f"release {folder.name} is in service; go back to another first, or make a newer one")
        if folder == self.current():
            raise InvalidInput(
                f"release {folder.name} is that of the tables, which the next run would write again; make another first"
            )
        n_bytes = size_of(folder)
        drop_marks(self.folder, folder.name)
        for runtime in (self.runtime.shared or self.runtime, *self.runtime.questions):
            unpin(runtime.corpus_folder.parent, runtime.corpus_folder.name, folder.name)
        delete([folder])
        return folder.name, n_bytes

    def differences(self, one: str, other: str) -> tuple[pa.Table, pa.Table, list[tuple[SampleDifference, str]]]:
        """The rows of two releases, and what differs between them, each with what the ledger says of it by now.

        Raises: InvalidInput for a release that is not there, or whose data files cannot be read.
        """
        before, after = rows_of_folder(self.named(one)), rows_of_folder(self.named(other))
        found = differences(before, after)
        said = self._decisions([each.sample_id for each in found])
        return before, after, [(each, self._why(each, said.get(each.sample_id, {}))) for each in found]

    def _decisions(self, sample_ids: list[str]) -> dict[str, dict[str, str]]:
        """By sample and step, what the ledger says by now."""
        ledger = self.runtime.store().read(
            "ledger",
            columns=["sample_id", "step", "verdict", "reason"],
            among={"sample_id": pa.array(sample_ids, pa.string())},
        )
        found: dict[str, dict[str, str]] = {}
        for row in ledger.to_pylist():
            found.setdefault(row["sample_id"], {})[row["step"]] = f"{row['step']}: {row['verdict']}, {row['reason']}"
        return found

    def _why(self, difference: SampleDifference, said: dict[str, str]) -> str:
        """What the ledger says of a change: of what left, the last decision; of what came, that on its label."""
        if not said:
            return "the ledger says nothing of it: no batch has it any more"
        if difference.change == REMOVED:
            last = max(said, key=list(STEPS).index)
            has_lost = (
                last == "balanced_subset" and said[last].startswith(f"{last}: chosen") and difference.label_before
            )
            return f"it has no label any more; {said[last]}" if has_lost else said[last]
        steps = _DECIDED_BY[:1] if difference.change == RELABELLED else _DECIDED_BY
        return next((said[step] for step in steps if step in said), said[max(said, key=list(STEPS).index)])


def _created(folder: Path) -> str:
    try:
        manifest: dict[str, Any] = read_manifest(folder)
    except StorageError:
        return ""
    return str(manifest.get("created_at", ""))


def samples_of(folder: Path, sample_ids: pa.Array) -> list[str]:
    """Those of some samples that a release holds."""
    rows = rows_of_folder(folder).select(["sample_id"])
    return list(rows.filter(pc.is_in(rows["sample_id"], value_set=sample_ids))["sample_id"].to_pylist())
