import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from released_folders import text_release
from small_project import SmallProject, notes_corpus

from data_engine.cli import main
from data_engine.release_formats.registry import FOLDER_FORMATS, FORMATS


@pytest.fixture
def run(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The commands of releases, in a project whose corpus has two."""
    (project.folder / "source").mkdir()
    project.add(notes_corpus(Path("source")))
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(project.folder))
    root = project.load().runtime("notes").corpus_folder / "releases"
    for day, label in ((1, "a"), (2, "b")):
        text_release(root, label=[label, "b", "b", "b"], created_at=f"2026-01-0{day}")
    return lambda *arguments: CliRunner().invoke(main, ["release", *arguments])


def _ids(run: Any) -> list[str]:
    return [row["release_id"] for row in json.loads(run("list", "--format", "json").output)]


def test_the_list_is_the_same_with_and_without_its_name(run: Any) -> None:
    assert run("list").output == run().output
    assert run("list", "--format", "csv").output == run("--format", "csv").output
    assert len(_ids(run)) == 2


def test_going_back_says_what_it_means_and_the_list_shows_it(run: Any) -> None:
    first, second = _ids(run)
    said = run("rollback").output
    assert f"release {first} is in service" in said
    assert "nothing else changed" in said
    assert "the next new release takes its place: data-engine run notes" in said
    assert [row["is_in_service"] for row in json.loads(run("--format", "json").output)] == [True, False]
    assert f"{first}" in run("show").output
    assert json.loads(run("show", second, "--format", "json").output)["marks"]["in_service"] is False


def test_a_difference_is_printed_by_class_and_by_sample(run: Any) -> None:
    said = run("diff", *_ids(run)).output
    assert "4 samples before, 4 after: 1 relabelled" in said
    assert "relabelled" in run("diff", *_ids(run), "--format", "csv").output


def test_a_release_does_not_differ_from_itself_and_of_a_lost_file_the_remedy_is_told(
    run: Any, project: SmallProject
) -> None:
    first, second = _ids(run)
    assert "no sample differs" in run("diff", first, first).output
    (project.load().runtime("notes").corpus_folder / "releases" / first / "data.parquet").unlink()
    (project.load().runtime("notes").corpus_folder / "releases" / first / "data.jsonl").unlink(missing_ok=True)
    assert "is missing; restore it from a backup" in run("diff", first, second).output


def test_a_corpus_without_a_subset_has_nothing_to_release(run: Any) -> None:
    done = run("create")
    assert (done.exit_code, done.output) == (
        1,
        "Error: corpus notes has no subset yet, so there is nothing to release; data-engine run notes\n",
    )


def test_a_pin_needs_a_reason_and_holds_a_deletion_back(run: Any) -> None:
    first, _ = _ids(run)
    assert "a pin needs a reason; say it with --why" in run("pin", first).output
    assert "stays until the pin is taken off" in run("pin", first, "--why", "the paper").output
    refused = run("delete", first, "--yes")
    assert (refused.exit_code, "is pinned by" in refused.output) == (1, True)
    run("pin", first, "--off")
    assert f"deleted release {first}" in run("delete", first, "--yes").output
    assert len(_ids(run)) == 1


def test_verify_ends_with_one_where_a_release_is_damaged(run: Any, project: SmallProject) -> None:
    done = run("verify")
    assert (done.exit_code, done.output) == (0, "".join(f"{name}: whole\n" for name in _ids(run)))
    folder = project.load().runtime("notes").corpus_folder / "releases" / _ids(run)[0]
    (folder / "croissant.json").unlink()
    done = run("verify", folder.name)
    assert done.exit_code == 1
    assert "croissant.json: is missing" in done.output


def test_an_export_says_how_it_is_loaded(run: Any, tmp_path: Path) -> None:
    done = run("export", "--format", "hf", "--to", str(tmp_path / "out"))
    assert done.exit_code == 0
    assert "samples = load_dataset(" in done.output
    assert (tmp_path / "out" / "README.md").is_file()
    refused = run("export", "--format", "coco", "--to", str(tmp_path / "other"))
    assert (refused.exit_code, "coco is a format of images; take one of" in refused.output) == (1, True)


def test_the_help_of_an_export_and_the_page_of_releases_name_every_format(run: Any) -> None:
    every = [*FORMATS, *FOLDER_FORMATS]
    told = " ".join(run("export", "--help").output.split())
    assert f"{', '.join(every)}." in told
    page = (Path(__file__).parents[3] / "docs" / "releases.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert not [form for form in every if not any(f"`{form}`" in row for row in rows)]
