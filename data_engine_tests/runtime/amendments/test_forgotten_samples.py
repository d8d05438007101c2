"""What forgetting would do; that no byte stays is shown in `orchestration/launch/upkeep/test_erasing.py`."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from released_folders import text_release
from written_steps import notes_runtime

from data_engine.errors import InvalidInput, UnknownSample
from data_engine.releasing.exporting import rows_of_folder
from data_engine.runtime.amendments.forgotten_samples import forget_samples, forgetting_of
from data_engine.runtime.releases.release_life import Releases


def test_a_sample_that_only_releases_hold_is_forgotten_in_all_of_them(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    root = Releases(runtime).folder / "releases"
    old = [text_release(root, label=[label, "b", "b", "b"]) for label in "ac"]
    gone = rows_of_folder(old[0])["sample_id"][0].as_py()
    planned = forgetting_of(runtime, [gone])
    assert planned.releases == {folder.name: (gone,) for folder in sorted(old)}
    assert sum("is made anew without them" in line for line in planned.told()) == 2
    made = forget_samples(planned, reason="asked for", now=datetime(2026, 1, 1, tzinfo=UTC))
    assert made.keys() == planned.releases.keys()
    for folder in Releases(runtime).folders():
        assert gone not in rows_of_folder(folder)["sample_id"].to_pylist()
    # Given again, there is nothing left to do, and no error.
    assert forgetting_of(runtime, [gone]).releases == {}


def test_ids_that_nobody_knows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownSample, match="corpus notes has no sample '0'; give whole ids"):
        forgetting_of(notes_runtime(tmp_path), ["0"])
    with pytest.raises(InvalidInput, match="no sample is named"):
        forgetting_of(notes_runtime(tmp_path), [])
