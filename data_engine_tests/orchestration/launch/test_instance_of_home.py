"""The instance that commands open is that of DAGSTER_HOME."""

from pathlib import Path

import pytest

from data_engine.errors import InvalidInput
from data_engine.orchestration.launch.instance_of_home import opened_instance


def test_the_instance_keeps_its_files_in_the_home(engine_folder: Path) -> None:
    with opened_instance() as instance:
        assert Path(instance.root_directory) == engine_folder / "home"


def test_a_file_that_names_an_unknown_class_is_named_with_the_remedy(engine_folder: Path) -> None:
    file = engine_folder / "home" / "dagster.yaml"
    file.write_text("run_launcher:\n  module: nothing.at.all\n  class: Launcher\n", "utf-8")
    with pytest.raises(InvalidInput, match="mend the entry, then run the command again"):
        opened_instance()
