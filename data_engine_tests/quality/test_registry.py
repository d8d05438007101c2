import json
import subprocess
import sys
from pathlib import Path

from data_engine.quality import CHECKS, TABLES
from data_engine.quality.registry import STEPS, suite_of
from data_engine.schemas import SCHEMAS


def test_every_suite_is_of_a_table_of_the_engine_and_has_a_test() -> None:
    tests = {path.stem.removeprefix("test_") for path in (Path(__file__).parent / "suites").glob("test_*.py")}
    assert tests == set(STEPS) == set(CHECKS) == set(TABLES)
    assert set(STEPS) <= set(SCHEMAS)


def test_a_suite_names_its_own_table_and_no_check_twice() -> None:
    for step in STEPS:
        suite = suite_of(step)
        names = [check.name for check in suite.checks]
        assert step in suite.tables
        assert len(set(names)) == len(names)


def test_listing_the_checks_does_not_import_great_expectations_or_pandas() -> None:
    code = (
        "import sys, json, data_engine.quality as q; assert q.CHECKS; "
        "print(json.dumps([m for m in ('great_expectations', 'pandas', 'scipy') if m in sys.modules]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == []
