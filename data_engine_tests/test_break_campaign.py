"""A corpus that is broken on purpose, a dozen times, and the rules by which the campaign judges what came of it."""

import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from campaign_damage import FORMS, damage_a_file, kinds_of_files
from campaign_place import Ended, differences

_SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "break_campaign.py"


def test_a_dozen_damages_and_hostile_files_are_mended_or_told(tmp_path: Path) -> None:
    command = [sys.executable, str(_SCRIPT), "--quick", "--n", "12", "--seed", "20", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=7200)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"^\| (damage|loss|hostile file) \| (\d+) \| \d+ \| \d+ \| 0 \|", done.stdout, re.MULTILINE)
    assert sum(int(n) for _, n in rows) == 12


@pytest.mark.parametrize(
    ("status", "said", "broke"),
    [
        (1, "Error: the table is damaged; restore it", ""),
        (0, "nothing new", ""),
        (1, "Error: learn failed: KeyError: 'x'", "an error that nobody expected"),
        (1, "Error: learn failed: no audit is recent", ""),
        (-11, "", "ended by SIGSEGV"),
        (1, "Traceback (most recent call last):\n  ...", "traceback"),
        (1, "Error: the command failed by an error that is none of its own (KeyError: 'x')", "traceback"),
    ],
)
def test_a_traceback_or_a_signal_is_no_way_to_end(status: int, said: str, broke: str) -> None:
    assert Ended(status, said).broke == broke


def test_another_row_is_a_difference_whatever_the_order() -> None:
    expected = {"labels": ["a", "b", "b"], "release": []}
    assert differences({"labels": ["b", "a", "b"], "release": []}, expected) == {}
    assert differences({"labels": ["b", "a"]}, expected).keys() == {"labels", "release"}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_damage_changes_the_files(form: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "table").mkdir(exist_ok=True)
        (tmp_path / "table" / f"{name}.parquet").write_bytes(Random(name).randbytes(3000))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    FORMS[form](tmp_path / "table" / "one.parquet", Random(1))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet") if path.is_file()} != before


def test_the_same_seed_does_the_same_damage_to_the_same_kind_of_file(tmp_path: Path) -> None:
    done = []
    for copy in ("first", "second"):
        for place in ("notes/tables/labels/part.parquet", "notes/tables/labels/_delta_log/0.json", "review.db"):
            path = tmp_path / copy / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(range(200)))
        assert sorted(kinds_of_files(tmp_path / copy)) == ["labels log", "labels rows", "review.db"]
        done.append([damage_a_file(tmp_path / copy, Random(5)) for _ in range(1)])
    assert done[0] == done[1]
