"""What forgetting would do; that no byte stays is shown in `orchestration/launch/upkeep/test_erasing.py`."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from released_folders import text_release
from searched_bytes import files_with
from written_steps import notes_runtime

from data_engine.errors import InvalidInput, UnknownSample
from data_engine.releasing.exporting import rows_of_folder
from data_engine.releasing.release_marks import pin_release, put_into_service, read_marks
from data_engine.releasing.rows import all_columns, identified
from data_engine.runtime.amendments.forgotten_samples import forget_samples, forgetting_of
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.releases.release_life import Releases


def test_a_sample_that_only_releases_hold_is_forgotten_in_all_of_them(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    root = Releases(runtime).folder / "releases"
    old = [text_release(root, label=[label, "b", "b", "b"]) for label in "ac"]
    gone = rows_of_folder(old[0])["sample_id"][0].as_py()
    held = Releases(runtime).folders()[0].name
    rows = identified(all_columns(rows_of_folder(root / held)))
    runtime.store().write("release", rows, run_id="r", code_version="c")
    planned = forgetting_of(runtime, [gone])
    assert planned.releases == {folder.name: (gone,) for folder in sorted(old)}
    assert sum("is made anew without them" in line for line in planned.told()) == 2
    assert "1 sample of notes goes for good, with content, vectors, thumbnails and 0 answers" in planned.told()
    made = forget_samples(planned, reason="asked for", now=datetime(2026, 1, 1, tzinfo=UTC))
    assert made.keys() == planned.releases.keys()
    for folder in Releases(runtime).folders():
        assert gone not in rows_of_folder(folder)["sample_id"].to_pylist()
    # The first was in service, as that of the tables, though the other has the later place.
    assert Releases(runtime).in_service().name == made[held]
    # Given again, there is nothing left to do, and no error.
    assert forgetting_of(runtime, [gone]).releases == {}


_KILLED = """
import os, shutil, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from written_steps import notes_runtime
from data_engine.runtime.amendments import forgotten_samples as forgetting

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

root, gone = Path(sys.argv[1]), sys.argv[2]
for point in sys.argv[3:]:
    child = os.fork()
    if child == 0:
        shutil.copytree(root / "before", root / point)
        os.environ["DATA_ENGINE_DATA"] = str(root / point)
        setattr(forgetting, point, kill)
        planned = forgetting.forgetting_of(notes_runtime(root / point), [gone])
        forgetting.forget_samples(planned, reason="asked for", now=datetime(2026, 1, 1, tzinfo=UTC))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def _left(runtime: CorpusRuntime) -> dict[str, object]:
    """All that says what became of the releases."""
    marks = read_marks(Releases(runtime).folder)
    files = {path.name: sorted(each.name for each in path.iterdir()) for path in Releases(runtime).folders()}
    made = {name: [(row["sample_id"], row["made_anew_as"]) for row in rows] for name, rows in marks.forgotten.items()}
    return {"pinned": marks.pinned, "in service": marks.in_service, "files": files, "made anew": made}


def test_killed_anywhere_between_its_steps_it_comes_to_the_same_end_when_it_is_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_DATA", str(tmp_path / "before"))
    before = notes_runtime(tmp_path / "before")
    root = Releases(before).folder / "releases"
    first, other = (text_release(root, label=[label, "b", "b", "b"]) for label in "ac")
    pin_release(Releases(before).folder, first.name, {"by": "ada", "why": "the paper", "at": ""})
    put_into_service(Releases(before).folder, first.name)
    text = 'quotes " and ,'
    (gone,) = (row["sample_id"] for row in rows_of_folder(other).to_pylist() if row["text"] == text)
    points = ("keep_only", "release_without", "mark_forgotten", "pin_release", "put_into_service", "delete_folder")
    command = [sys.executable, "-c", _KILLED, str(tmp_path), gone, *points]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(-signal.SIGKILL)] * len(points), done.stderr
    ends = {}
    for place in ("before", *points):
        monkeypatch.setenv("DATA_ENGINE_DATA", str(tmp_path / place))
        runtime = notes_runtime(tmp_path / place)
        forget_samples(forgetting_of(runtime, [gone]), reason="asked for", now=datetime(2026, 1, 1, tzinfo=UTC))
        ends[place] = _left(runtime)
        assert files_with(tmp_path / place, text) == {}
    assert ends == dict.fromkeys(ends, ends["before"])
    assert list(ends["before"]["pinned"]) == [ends["before"]["in service"]]


def test_ids_that_nobody_knows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownSample, match="corpus notes has no sample '0'; give whole ids"):
        forgetting_of(notes_runtime(tmp_path), ["0"])
    with pytest.raises(InvalidInput, match="no sample is named"):
        forgetting_of(notes_runtime(tmp_path), [])
