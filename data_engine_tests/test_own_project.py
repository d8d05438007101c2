"""A project of one's own from a wheel: made in an empty folder, run, and given corpora of all kinds of data."""

import csv
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from drawn_images import disc
from small_project import SmallProject, make_notes

from data_engine.cli import main

ROOT = Path(__file__).resolve().parents[1]
_BUILT_FROM = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "data_engine", "dbt_like_sql")


def _wheel(folder: Path) -> Path:
    """The wheel of this very tree, built in a copy of it."""
    tree = folder / "tree"
    tree.mkdir()
    for name in _BUILT_FROM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tree)
    (tree / ".dagster_home").mkdir()
    shutil.copy(ROOT / ".dagster_home" / "dagster.yaml", tree / ".dagster_home")
    build = ["wheel", "-q", "--no-build-isolation", "--no-deps", "--no-index", "-w", str(folder), str(tree)]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _environment(folder: Path, wheel: Path) -> Path:
    """A new environment with the wheel, which sees the packages that the engine needs; the path of its command."""
    venv.create(folder / "env", with_pip=False, symlinks=True)
    python = folder / "env" / "bin" / "python"
    install = ["--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, capture_output=True)
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    (site / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return folder / "env" / "bin" / "data-engine"


def test_a_wheel_in_a_new_environment_makes_a_project_that_runs_to_its_release(tmp_path: Path) -> None:
    command = _environment(tmp_path, _wheel(tmp_path))
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATA_ENGINE", "DAGSTER_HOME", "PYTHONPATH"))
    }
    empty = tmp_path / "empty"
    empty.mkdir()

    def gives(*arguments: str, at: Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([str(command), *arguments], cwd=at, env=clean, capture_output=True, text=True)

    nowhere = gives("release", at=empty)
    assert nowhere.returncode == 1
    assert "is in no project; make one with `data-engine init my-project`" in nowhere.stderr
    made = gives("init", "my-project", at=empty)
    assert made.returncode == 0, made.stderr
    project = empty / "my-project"
    for name in ("pyproject.toml", "workspace.yaml", "README.md", ".dagster_home/dagster.yaml", "source/example.jsonl"):
        assert (project / name).is_file(), name
    assert [path.name for path in (project / "my_project" / "defs").iterdir() if path.is_dir()] == ["example"]
    # Trained encoders take a minute to begin; what is tried here is the project.
    example = project / "my_project" / "defs" / "example" / "defs.yaml"
    example.write_text(example.read_text("utf-8").replace("all-MiniLM-L6-v2", "hashed-ngrams"), "utf-8")
    done = gives("run", "example", at=project)
    assert done.returncode == 0, done.stderr + done.stdout
    (release,) = json.loads(gives("release", "--format", "json", at=project).stdout)
    assert Path(release["folder"]).is_relative_to(project / "data" / "example")
    assert release["n_samples"] == 133
    # Models of the wheel, not those of a checkout.
    stages = gives("sql", "select stage from funnel_stages", "--format", "csv", at=project).stdout.split()
    assert stages == ["stage", "raw", "kept", "unique", "chosen", "released"]
    again = gives("init", "my-project", at=empty)
    assert again.returncode == 1
    assert "is there already and nothing is overwritten; name a new or an empty folder" in again.stderr
    loaded = subprocess.run(
        [str(command.parent / "python"), "-c", _LOADED], cwd=project, env=clean, capture_output=True, text=True
    )
    assert loaded.stdout.split() == ["example"], loaded.stderr


#: What Dagster's UI loads by the workspace of the project.
_LOADED = """
from dagster._core.workspace.load import location_origins_from_yaml_paths
(origin,) = location_origins_from_yaml_paths(["workspace.yaml"])
import importlib, sys
target = origin.loadable_target_origin
sys.path.insert(0, target.working_directory)
graph = importlib.import_module(target.module_name).defs().resolve_asset_graph()
print(*sorted({key.path[0] for key in graph.get_all_asset_keys()}))
"""


def _adds(project: SmallProject, *arguments: object) -> Result:
    environment = {"DATA_ENGINE_PROJECT": str(project.folder)}
    return CliRunner().invoke(main, ["add", *map(str, arguments)], env=environment)


def _yaml_of(project: SmallProject, corpus: str) -> str:
    return (project.folder / project.module / "defs" / corpus / "defs.yaml").read_text("utf-8")


def _write(folder: Path, form: str) -> Path:
    rows = make_notes(120, 0)
    path = folder / f"letters.{form}"
    if form in ("csv", "tsv"):
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if form == "tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    elif form == "json":
        path.write_text(json.dumps(rows), "utf-8")
    elif form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "json", "parquet"])
def test_rows_are_looked_at_and_their_corpus_is_planned_and_read(project: SmallProject, form: str) -> None:
    path = _write(project.folder, form)
    done = _adds(project, "letters", "--from", path)
    assert done.exit_code == 0, done.output
    assert "120 rows in 1 file" in done.output
    for line in ("guessed text column: text", "guessed label column: topic", "guessed id column: id"):
        assert line in done.output
    assert "4 classes: baking, sailing" in done.output
    text = _yaml_of(project, "letters")
    assert "# guessed" in text
    runtime = project.load().runtime("letters")
    assert (runtime.corpus.known_label_column, runtime.corpus.source.id_column) == ("topic", "id")
    assert runtime.corpus.subset.target_size == 40
    assert not runtime.corpus.has_labels
    again = _adds(project, "letters", "--from", path)
    assert again.exit_code == 1
    assert "is there already and is not overwritten; choose another name, or remove it" in " ".join(
        again.output.split()
    )
    assert _yaml_of(project, "letters") == text


def test_a_corpus_that_was_added_runs_to_its_release(project: SmallProject) -> None:
    assert _adds(project, "letters", "--from", _write(project.folder, "csv")).exit_code == 0
    path = project.folder / project.module / "defs" / "letters" / "defs.yaml"
    path.write_text(path.read_text("utf-8").replace("all-MiniLM-L6-v2", "hashed-ngrams"), "utf-8")
    said = project.run("letters")
    assert "40 chosen" in said
    assert "Balance over 4 known labels" in said
    assert ", the first" in said


def test_folders_of_images_and_texts_in_class_folders_give_the_class_of_each(project: SmallProject) -> None:
    for number in range(12):
        folder = project.folder / "photos" / ("cats" if number % 2 else "dogs")
        folder.mkdir(parents=True, exist_ok=True)
        disc("red", radius=10 + 5 * number).save(folder / f"{number}.png")
    done = _adds(project, "pets", "--from", project.folder / "photos")
    assert done.exit_code == 0, done.output
    assert "12 image files in 12 files" in done.output
    assert "2 classes: cats, dogs" in done.output
    corpus = project.load().runtime("pets").corpus
    assert (corpus.modality, corpus.source.kind, corpus.known_label_column) == ("image", "folder", "folder")
    for number, row in enumerate(make_notes(8, 1)):
        folder = project.folder / "texts" / row["topic"]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.txt").write_text(row["text"], "utf-8")
    assert _adds(project, "pages", "--from", project.folder / "texts").exit_code == 0
    corpus = project.load().runtime("pages").corpus
    assert (corpus.modality, corpus.source.pattern) == ("text", "**/*.txt")


BAD = {
    "absent.csv": (None, "there is no file or folder"),
    "empty.csv": ("", "is empty; put data there"),
    "header.csv": ("id,text\n", "holds no rows; give a file with a header and rows"),
    "numbers.csv": (
        "a,b\n1,2\n3,4\n",
        "(the columns are a, b); name the one with the text with --text COLUMN",
    ),
    "model.onnx": ("x", "is of an unknown kind (.onnx); give CSV, JSONL, JSON or Parquet files, images, videos"),
    "broken.jsonl": ('{"text": \n', "cannot be read as jsonl"),
    "list.jsonl": ("[1]\n", "write one JSON object per row"),
    "unnamed.csv": ("3,Fears for pensions\n4,No fears\n", "looks like data and not like names of columns ('3')"),
    "whole.json": ('{\n "train": [],\n "test": []\n}', "holds one JSON object (with the keys train, test)"),
    "broken.parquet": ("no parquet", "cannot be read as parquet"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_are_refused_with_a_remedy_and_nothing_is_written(project: SmallProject, name: str) -> None:
    content, said = BAD[name]
    if content is not None:
        (project.folder / name).write_text(content, "utf-8")
    done = _adds(project, "bad", "--from", project.folder / name)
    assert done.exit_code == 1
    assert said in " ".join(done.output.split()), done.output
    assert not (project.folder / project.module / "defs" / "bad").exists()


def test_columns_are_named_where_a_guess_is_wrong_and_wrong_names_are_refused(project: SmallProject) -> None:
    path = project.folder / "notes.csv"
    path.write_text("a,b\nx,1\ny,2\n", "utf-8")
    done = _adds(project, "notes", "--from", path, "--text", "c")
    assert "--text is 'c', but the columns of" in done.output
    assert "are a, b; name one of them" in " ".join(done.output.split())
    assert _adds(project, "notes", "--from", path, "--text", "a").exit_code == 0
    assert "text_column: a" in _yaml_of(project, "notes")
    assert "cannot be the name of a corpus" in _adds(project, "No Name", "--from", path, "--text", "a").output


@pytest.mark.parametrize("name", ["numpy", "123", "class"])
def test_a_name_that_no_package_can_have_makes_no_project(tmp_path: Path, name: str) -> None:
    done = CliRunner().invoke(main, ["init", str(tmp_path / name)])
    assert done.exit_code == 1
    assert f"a project cannot be called {name!r}" in done.output
    assert not (tmp_path / name).exists()
