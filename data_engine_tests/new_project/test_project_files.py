import tomllib
from pathlib import Path

import pytest
import yaml

from data_engine.errors import InvalidInput
from data_engine.new_project.project_files import make_project


def test_the_folder_gives_the_package_its_name_and_an_empty_one_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "My-Letters").mkdir()
    made = make_project(tmp_path / "My-Letters", "telemetry: {}\n")
    project = tomllib.loads((made / "pyproject.toml").read_text("utf-8"))["tool"]["dg"]["project"]
    assert (project["root_module"], project["defs_module"]) == ("my_letters", "my_letters.defs")
    (location,) = yaml.safe_load((made / "workspace.yaml").read_text("utf-8"))["load_from"]
    assert location["python_module"]["module_name"] == "my_letters.definitions"
    assert (made / "my_letters" / "definitions.py").is_file()
    assert (made / ".dagster_home" / "dagster.yaml").read_text("utf-8") == "telemetry: {}\n"
    assert "@" not in (made / "README.md").read_text("utf-8")


def test_a_folder_that_holds_something_and_a_file_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", "utf-8")
    for name in ("full", "full/mine.txt"):
        with pytest.raises(InvalidInput, match="nothing is overwritten"):
            make_project(tmp_path / name, "")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
