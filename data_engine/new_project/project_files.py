"""The folder of a new project: what Dagster and data-engine look for, an example corpus, a README.

A corpus of one's own is added in `corpus_file.py`.
"""

import importlib.util
import keyword
import re
from pathlib import Path

from data_engine.errors import InvalidInput
from data_engine.new_project.corpus_file import add_corpus
from data_engine.new_project.data_look import look_at
from data_engine.new_project.example_corpus import example_lines

EXAMPLE = "example"


def make_project(folder: Path, dagster_yaml: str) -> Path:
    """Make a project in a folder that is not there yet, or empty.

    Args:
        folder: The folder; its name becomes that of the project's Python package.
        dagster_yaml: Text of the file for the Dagster home.

    Returns: the folder, as an absolute path.

    Raises: InvalidInput for a folder that holds something, and a name that no package can have or that one has.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput(f"{folder} is there already and nothing is overwritten; name a new or an empty folder")
    package = _package_name(folder.name)
    texts = {
        "pyproject.toml": _PYPROJECT,
        "workspace.yaml": _WORKSPACE,
        "README.md": _README,
        ".gitignore": "data/\n.dagster_home/*\n!.dagster_home/dagster.yaml\n__pycache__/\n",
        f"{package}/__init__.py": "",
        f"{package}/definitions.py": _DEFINITIONS,
        f"{package}/defs/__init__.py": "",
    }
    for name, text in texts.items():
        _write(folder / name, text.replace("@NAME@", folder.name).replace("@PACKAGE@", package))
    _write(folder / ".dagster_home" / "dagster.yaml", dagster_yaml)
    source = folder / "source" / f"{EXAMPLE}.jsonl"
    _write(source, example_lines())
    add_corpus(EXAMPLE, look_at(source), project_folder=folder, defs_folder=folder / package / "defs")
    return folder


def _package_name(name: str) -> str:
    package = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not package or not package[0].isalpha() or keyword.iskeyword(package):
        raise InvalidInput(
            f"a project cannot be called {name!r}, because its Python package could not; begin the name of the folder "
            "with a letter, and use letters, digits and hyphens"
        )
    if importlib.util.find_spec(package) is not None:
        raise InvalidInput(
            f"a project cannot be called {name!r}, because a Python package {package} is installed or in this folder; "
            "choose another name for the folder"
        )
    return package


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


_PYPROJECT = """[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "@PACKAGE@"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["data-engine"]

[tool.setuptools.packages.find]
include = ["@PACKAGE@*"]

[tool.setuptools.package-data]
"@PACKAGE@" = ["**/*.yaml", "**/*.txt"]

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "@PACKAGE@"
code_location_name = "@PACKAGE@"
defs_module = "@PACKAGE@.defs"
registry_modules = ["data_engine.orchestration.component"]
"""

_WORKSPACE = """load_from:
  - python_module:
      module_name: @PACKAGE@.definitions
      working_directory: .
      location_name: @PACKAGE@
"""

_DEFINITIONS = '''"""What Dagster loads: one asset graph per `defs/<corpus>/defs.yaml`."""

from pathlib import Path

import dagster as dg

from data_engine.orchestration.launch.project import Project


@dg.definitions
def defs() -> dg.Definitions:
    """Every corpus of the project."""
    return Project(Path(__file__).resolve().parents[1]).definitions
'''

_README = """# @NAME@

A project of [data-engine](https://pypi.org/project/data-engine/). Give the commands below in this folder.

| what | command |
|---|---|
| what a run would do | `data-engine plan example` |
| do it: read, filter, embed, cluster, balance, release | `data-engine run example` |
| a corpus of your own | `data-engine add letters --from path/to/letters.csv` |
| ask the tables | `data-engine sql "select * from first_pass limit 10" --corpus example` |
| releases | `data-engine release --corpus example` |
| the Dagster UI | `data-engine ui` |

`@PACKAGE@/defs/CORPUS/defs.yaml` describes a corpus; `source/example.jsonl` holds the notes of the example,
which may go with `@PACKAGE@/defs/example`. What the engine makes is in `data/`, Dagster's records are in
`.dagster_home/`, with its
settings in `.dagster_home/dagster.yaml`.
"""
