"""What people decided about releases that are made: which is in service, which must stay, what was taken out of them.

It stands beside the releases, in one file for each corpus; a release's own files never change for it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from data_engine.errors import StorageError
from data_engine.storage import storage_errors
from data_engine.storage.atomic_files import change_text, read_text

_FILE = "release_marks.json"


@dataclass(frozen=True)
class ReleaseMarks:
    """The marks of a corpus' releases.

    Attributes:
        in_service: The release that people put into service in the place of the newest; "" for the newest.
        pinned: By id, who pinned a release (`by`), when (`at`) and why (`why`).
        forgotten: By id, the samples of a release that were forgotten since: `sample_id`, `at`, `reason` and, where the
            release was made anew without them, the id of that one as `made_anew_as`.
    """

    in_service: str = ""
    pinned: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    forgotten: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)


def read_marks(corpus_folder: Path) -> ReleaseMarks:
    """The marks; none where nobody set one.

    Raises: StorageError where the file is damaged; without it nothing must be deleted.
    """
    path = corpus_folder / _FILE
    try:
        text = read_text(path)
        if text is None:
            return ReleaseMarks()
        said: dict[str, Any] = json.loads(text)
        forgotten = {name: tuple(rows) for name, rows in said["forgotten"].items()}
        return ReleaseMarks(str(said["in_service"]), dict(said["pinned"]), forgotten)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise StorageError(
            f"the marks of releases at {path} cannot be read ({error}); restore that file from a backup, or remove it "
            f"and pin the releases again that must stay"
        ) from error


def put_into_service(corpus_folder: Path, release_id: str) -> None:
    """Make a release the one in service; "" for the newest from now on."""
    if read_marks(corpus_folder).in_service != release_id:
        _change(corpus_folder, in_service=release_id)


def pin_release(corpus_folder: Path, release_id: str, said: Mapping[str, str] | None) -> None:
    """Keep a release from being deleted, with who, when and why; None takes the pin off."""
    pinned = {name: each for name, each in read_marks(corpus_folder).pinned.items() if name != release_id}
    _change(corpus_folder, pinned=pinned if said is None else {**pinned, release_id: dict(said)})


def mark_forgotten(corpus_folder: Path, release_id: str, rows: tuple[Mapping[str, str], ...]) -> None:
    """Keep that samples of a release were forgotten; what stands there of the same samples is replaced."""
    forgotten, named = read_marks(corpus_folder).forgotten, {row["sample_id"] for row in rows}
    stay = [row for row in forgotten.get(release_id, ()) if row["sample_id"] not in named]
    _change(corpus_folder, forgotten={**forgotten, release_id: (*stay, *rows)})


def drop_marks(corpus_folder: Path, release_id: str) -> None:
    """Forget the marks of a release that is deleted, but what was forgotten of it."""
    marks = read_marks(corpus_folder)
    pinned = {name: each for name, each in marks.pinned.items() if name != release_id}
    _change(corpus_folder, pinned=pinned, in_service="" if marks.in_service == release_id else marks.in_service)


def _change(corpus_folder: Path, **changes: Any) -> None:
    path = corpus_folder / _FILE

    def changed(_: str | None) -> str:
        said = asdict(replace(read_marks(corpus_folder), **changes))
        return json.dumps(said, ensure_ascii=False, indent=2, sort_keys=True) + "\n"

    with storage_errors("marking a release", path):
        change_text(path, changed)
