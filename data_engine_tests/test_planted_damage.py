"""Every kind of planted damage is found and named, with a remedy; the remedies that are commands mend it."""

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from planted_damage import DAMAGE, put_back
from small_project import SmallProject, notes_corpus

from data_engine.cli import main
from data_engine.corpus import Corpus
from data_engine.errors import InvalidInput
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.integrity.finding import Finding
from data_engine.runtime.integrity.registry import check_corpus

#: Damage of different parts, which one run mends where it needs a run.
_TOGETHER = (
    *("table file cut", "cached vector", "index of other samples", "release file changed", "release half there"),
    *("pin of a version that never was", "lock is a folder", "history damaged", "half-written file", "foreign file"),
)


@pytest.fixture(scope="module")
def place(_finished_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished corpus with its home, once for all kinds of damage; each test puts back what it changed."""
    folder = tmp_path_factory.mktemp("planted")
    for part in ("data", "home"):
        shutil.copytree(_finished_once / part, folder / part)
    return folder


@pytest.fixture
def runtime(place: Path, _finished_once: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CorpusRuntime]:
    """The corpus, whole before and after the test."""
    monkeypatch.setenv("DATA_ENGINE_DATA", str(place / "data"))
    monkeypatch.setenv("DAGSTER_HOME", str(place / "home"))
    yield CorpusRuntime(Corpus.model_validate(notes_corpus(Path("source"))), place)
    for part in ("data", "home"):
        put_back(place / part, _finished_once / part)


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_of_every_kind_is_found_and_named_with_a_remedy(kind: str, runtime: CorpusRuntime) -> None:
    planted = DAMAGE[kind]
    planted.act(runtime.data_folder)
    found = check_corpus(runtime, {planted.check})
    (named,) = {
        finding.remedy
        for finding in found
        if planted.where in finding.where and planted.what in finding.what and finding.severity == planted.severity
    }
    assert planted.remedy in named
    assert all(finding.remedy for finding in found)


def test_data_without_a_yaml_file_say_where_it_was_and_where_its_settings_are(finished: SmallProject) -> None:
    shutil.rmtree(finished.folder / finished.module / "defs" / "notes")
    with pytest.raises(InvalidInput, match=r"its YAML file is lost: put .*defs/notes/defs.yaml back; its settings are"):
        finished.load().runtime("notes")


def test_the_remedies_that_are_commands_mend_what_they_are_named_for(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(finished.folder))
    runtime = finished.load().runtime("notes")
    release = finished.release("notes")
    monkeypatch.setenv("DAGSTER_HOME", str(runtime.data_folder.parent / "home"))
    for kind in _TOGETHER:
        DAMAGE[kind].act(runtime.data_folder)
    _carry_out(check_corpus(runtime))
    left = [(finding.severity, finding.what.partition(";")[0]) for finding in check_corpus(runtime)]
    # What was moved aside stays until somebody deletes it, and a release stands on rows that are there once more.
    assert set(left) == {("note", "is nothing that the engine wrote, or was moved aside"), ("note", "is missing")}
    assert finished.release("notes") == release


def _carry_out(found: list[Finding]) -> None:
    """Give every command that the findings name, those of the shell first, each once."""
    remedies = [finding.remedy.rpartition("or: ")[2] for finding in found if "could not be" not in finding.what]
    commands = dict.fromkeys(command for remedy in remedies for command in remedy.split(" && "))
    for command in sorted(commands, key=lambda command: command.startswith("data-engine")):
        if command.startswith("data-engine"):
            done = CliRunner().invoke(main, shlex.split(command)[1:], input="y\n")
            assert done.exit_code in (0, 1), (command, done.output)
        else:
            subprocess.run(command, shell=True, check=True)
