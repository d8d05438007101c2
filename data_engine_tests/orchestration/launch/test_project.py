from pathlib import Path

import dagster as dg
import pytest
from small_project import SmallProject, notes_corpus

from data_engine.errors import InvalidInput
from data_engine.orchestration.launch.project import Project
from data_engine.orchestration.names import names_of


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


def _break(project: SmallProject, name: str) -> Path:
    path = project.add(notes_corpus(Path("source"), name=name))
    path.write_text(path.read_text("utf-8").replace("  seed", "\tseed"), "utf-8")
    return path


def test_a_corpus_whose_file_has_mistakes_holds_up_no_other(project: SmallProject) -> None:
    project.add(notes_corpus(Path("source")))
    path = _break(project, "tabs")
    loaded = project.load()
    notes = loaded.runtime("notes")
    assert list(loaded.runtimes) == ["notes"]
    assert {key.path[0] for key in loaded.definitions_of(notes).resolve_asset_graph().get_all_asset_keys()} == {"notes"}
    with pytest.raises(InvalidInput, match=r"defs\.yaml:\d+: a tab stands where YAML asks for spaces") as failed:
        loaded.runtime("tabs")
    assert str(path) in str(failed.value)
    with pytest.raises(InvalidInput, match="there are: notes; not loaded, because of mistakes: tabs"):
        loaded.runtime("songs")
    with pytest.raises(InvalidInput, match=r"which corpus\?"):
        loaded.runtime(None)


def test_the_ui_shows_the_others_and_an_asset_that_says_why_a_corpus_is_not_there(project: SmallProject) -> None:
    project.add(notes_corpus(Path("source")))
    path = _break(project, "tabs")
    graph = project.load().definitions.resolve_asset_graph()
    (missing,) = [key for key in graph.get_all_asset_keys() if key.path[0].startswith("not_loaded_tabs_")]
    assert f"{path}:" in (graph.get(missing).description or "")
    assert graph.get(missing).group_name == "corpora_not_loaded"
    assert dg.AssetKey(["notes", "raw_index"]) in graph.get_all_asset_keys()


def test_a_second_corpus_named_like_a_part_of_the_first_leaves_the_first_whole(project: SmallProject) -> None:
    for name in ("letters", "letters_sql"):
        project.add(notes_corpus(Path("source"), name=name))
    loaded = project.load()
    assert loaded.definitions.resolve_job_def("letters_publish").name == "letters_publish"
    with pytest.raises(
        InvalidInput, match="'letters_sql' clashes with what Dagster calls parts of the corpus 'letters'"
    ):
        loaded.runtime("letters_sql")


def test_of_two_corpora_of_one_name_none_is_run(project: SmallProject) -> None:
    project.add(notes_corpus(Path("source"), name="songs"))
    path = project.add(notes_corpus(Path("source"), name="other"))
    path.write_text(path.read_text("utf-8").replace("name: other\n", "name: songs\n"), "utf-8")
    with pytest.raises(InvalidInput, match=r"other/defs\.yaml describes a corpus 'songs', as .*songs/defs\.yaml does"):
        project.load().runtime("songs")


def test_every_name_that_a_corpus_has_in_dagster_is_known(project: SmallProject) -> None:
    project.add(notes_corpus(Path("source"), name="letters"))
    repository = project.load().definitions.get_repository_def()
    graph = repository.asset_graph
    used = {job.name for job in repository.get_all_jobs()}
    used |= {sensor.name for sensor in repository.sensor_defs} | {each.name for each in repository.schedule_defs}
    used |= {graph.get(key).group_name for key in graph.get_all_asset_keys()}
    used |= {node.name for job in repository.get_all_jobs() for node in job.nodes}
    ours = {name for name in used if name and name.startswith("letters") and "__" not in name}
    assert ours <= set(names_of("letters"))
