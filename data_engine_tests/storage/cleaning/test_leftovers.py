import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_engine.storage.atomic_files import temporary_name
from data_engine.storage.cleaning.leftovers import delete, leftovers, size_of

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def _file(path: Path, hours: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    os.utime(path, ((NOW - timedelta(hours=hours)).timestamp(),) * 2)
    return path


@pytest.mark.parametrize(
    "name",
    [
        f".data.parquet.{'0' * 32}.tmp",
        f".data.parquet.{'a' * 16}-1-{'0' * 32}.tmp",
        "part-0.parquet#1",
        "00000000000000000004.json#1",
        "_commit_327f0170-fec5-4345-b567-2e12748d9504.json.tmp",
    ],
)
def test_what_is_half_written_goes_after_a_day_where_nobody_knows_its_process(tmp_path: Path, name: str) -> None:
    old = _file(tmp_path / "a" / name, hours=25)
    _file(tmp_path / "b" / name, hours=23)
    assert leftovers(tmp_path, now=NOW) == [old]


def test_what_a_dead_process_of_this_machine_left_goes_at_once_and_that_of_a_living_one_never(tmp_path: Path) -> None:
    code = "from data_engine.storage.atomic_files import temporary_name; print(temporary_name('x', '0' * 32))"
    name = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    dead = _file(tmp_path / name, hours=0)
    _file(tmp_path / temporary_name("x", "0" * 32), hours=1000)
    assert leftovers(tmp_path, now=NOW) == [dead]


@pytest.mark.parametrize("name", ["data.parquet", ".notes.tmp", "a.tmp", ".hidden", "report.html", ".x.zz.tmp", "a#1"])
def test_what_people_may_have_made_is_none(tmp_path: Path, name: str) -> None:
    _file(tmp_path / name, hours=10_000)
    assert leftovers(tmp_path, now=NOW) == []


def test_a_folder_counts_as_one_and_is_as_young_as_what_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "releases" / ".r1.0123.tmp"
    file = _file(folder / "images" / "a.jpg", hours=23)
    os.utime(folder, (0, 0))
    os.utime(folder / "images", (0, 0))
    assert leftovers(tmp_path, now=NOW) == []
    os.utime(file, (0, 0))
    assert leftovers(tmp_path, now=NOW) == [folder]
    assert size_of(folder) == 4
    assert delete([folder]) == [folder]
    assert not folder.exists()
