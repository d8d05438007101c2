from pathlib import Path

import dagster as dg
import pytest
from small_project import SmallProject, notes_corpus

from data_engine.errors import InvalidInput
from data_engine.orchestration.launch.project import Project


def _two_corpora(project: SmallProject) -> Project:
    project.add(notes_corpus(Path("source")))
    project.add(notes_corpus(Path("letters"), name="letters"))
    return project.load()


def test_corpora_are_known_by_name_and_without_a_name_the_only_one_is_meant(project: SmallProject) -> None:
    project.add(notes_corpus(Path("source")))
    loaded = project.load()
    assert loaded.runtime(None) is loaded.runtime("notes")
    assert loaded.runtime("notes").project_folder == project.folder


def test_of_several_corpora_one_must_be_named_and_an_unknown_name_is_answered_with_those_there_are(
    project: SmallProject,
) -> None:
    loaded = _two_corpora(project)
    assert loaded.runtime("letters").corpus.name == "letters"
    with pytest.raises(InvalidInput, match=r"which corpus\? give one with --corpus; there are: letters, notes"):
        loaded.runtime(None)
    with pytest.raises(InvalidInput, match="there is no corpus 'songs'; there are: letters, notes"):
        loaded.runtime("songs")


def test_a_project_without_corpora_says_so(project: SmallProject) -> None:
    with pytest.raises(InvalidInput, match="there is no corpus 'notes'; there are: none"):
        project.load().runtime("notes")


def test_the_graph_of_one_corpus_holds_no_other(project: SmallProject) -> None:
    loaded = _two_corpora(project)

    def corpora(definitions: dg.Definitions) -> set[str]:
        return {key.path[0] for key in definitions.resolve_asset_graph().get_all_asset_keys()}

    assert corpora(loaded.definitions_of(loaded.runtime("letters"))) == {"letters"}
    assert corpora(loaded.definitions) == {"letters", "notes"}


def test_a_project_is_found_from_a_folder_within_it(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATA_ENGINE_PROJECT", raising=False)
    assert Project.find(project.folder / project.module / "defs").folder == project.folder


def test_every_mistake_in_a_file_is_a_line_of_its_own_with_the_value(project: SmallProject) -> None:
    project.add(notes_corpus(Path("source"), drift={"alarm_p": 7}, seed=-1))
    with pytest.raises(InvalidInput) as failed:
        _ = project.load().runtimes
    first, second = str(failed.value).splitlines()
    assert first.startswith("a corpus cannot be loaded: `attributes.drift.alarm_p at ")
    assert first.endswith("Input should be less than 1, and not 7")
    assert second.startswith("`attributes.seed at ")
    assert "Input should be greater than or equal to 0, and not -1; mend its defs.yaml" in second
