from pathlib import Path

import pytest
import yaml

from data_engine.corpus.yaml_file import COMPONENT
from data_engine.orchestration.launch.corpus_files import check_files

_CORPUS = {
    "source": {"kind": "jsonl", "path": "x"},
    "subset": {"target_size": 9},
    "labels": {"question": "?", "classes": ["a", "b"]},
}


def write(folder: Path, name: str, *, at: str = "", labels: object = _CORPUS["labels"]) -> Path:
    path = folder / (at or name) / "defs.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        yaml.safe_dump({"type": COMPONENT, "attributes": {"name": name, **_CORPUS, "labels": labels}}), "utf-8"
    )
    return path


def sound(folder: Path) -> list[str]:
    return [each.name for each in check_files(folder).sound]


def test_a_broken_file_concerns_its_own_corpus_only(tmp_path: Path) -> None:
    write(tmp_path, "notes")
    write(tmp_path, "songs", at="more/songs")
    write(tmp_path, "tabs").write_text("type: x\n\tname: tabs\n", "utf-8")
    assert sound(tmp_path) == ["songs", "notes"]
    assert [each.name for each in check_files(tmp_path).broken] == ["tabs"]


def test_two_files_of_one_name_are_both_refused_and_both_named(tmp_path: Path) -> None:
    first, second = write(tmp_path, "notes", at="first"), write(tmp_path, "notes", at="second")
    write(tmp_path, "songs")
    files = check_files(tmp_path)
    assert [each.mistakes for each in files.broken] == [
        (f"{first} describes a corpus 'notes', as {second} does; rename one of them",),
        (f"{second} describes a corpus 'notes', as {first} does; rename one of them",),
    ]
    assert [each.name for each in files.sound] == ["songs"]


@pytest.mark.parametrize(
    "other", ["letters_sql", "letters_review", "letters_ingest", "letters_batches", "letters_drift", "letters_routes"]
)
def test_a_name_that_parts_of_another_corpus_have_is_refused(tmp_path: Path, other: str) -> None:
    path = write(tmp_path, other)
    write(tmp_path, "letters")
    files = check_files(tmp_path)
    assert [each.name for each in files.sound] == ["letters"]
    (sentence,) = files.broken[0].mistakes
    assert sentence.startswith(
        f"{path}: the name {other!r} clashes with what Dagster calls parts of the corpus 'letters'"
    )


def test_names_that_only_begin_alike_stay_side_by_side(tmp_path: Path) -> None:
    for name in ("letters", "letters_of_may", "lettersql"):
        write(tmp_path, name)
    assert sound(tmp_path) == ["letters", "letters_of_may", "lettersql"]


def test_a_name_that_parts_of_a_question_have_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "letters", labels=[{"name": "tone", "question": "?", "classes": ["a", "b"]}])
    write(tmp_path, "letters__tone")
    write(tmp_path, "letters__topic")
    files = check_files(tmp_path)
    assert [each.name for each in files.sound] == ["letters", "letters__topic"]
    (sentence,) = files.broken[0].mistakes
    assert (
        "clashes with what Dagster calls parts of the corpus 'letters' (letters__tone, letters__tone_accepted"
        in sentence
    )


def borrowing(corpus: str, **more: object) -> dict[str, object]:
    return {"question": "?", "classes": ["a", "b"], "propose_with": {"corpus": corpus}, **more}


def test_a_model_is_borrowed_from_what_there_is_and_not_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path, "notes")
    questions = [{"name": "topic", "question": "?", "classes": ["a", "b"]}, borrowing("notes", name="tone")]
    write(tmp_path, "songs", labels=questions)
    write(tmp_path, "poems", labels=borrowing("songs.topic"))
    assert sound(tmp_path) == ["notes", "poems", "songs"]
    lost = write(tmp_path, "lost", labels=borrowing("songs"))
    (sentence,) = check_files(tmp_path).broken[0].mistakes
    assert sentence == (
        f"{lost}: labels.propose_with names 'songs', which this project does not have, or asks nothing by that name; "
        "there are: notes, poems, songs.tone, songs.topic"
    )
    ring = [write(tmp_path, name, labels=borrowing(other)) for name, other in (("east", "west"), ("west", "east"))]
    broken = {each.path: each.mistakes for each in check_files(tmp_path).broken}
    assert set(broken) == {lost, *ring}
    assert broken[ring[0]] == (
        f"{ring[0]}: labels.propose_with goes round in a circle, east -> west -> east; remove it from one of them",
    )
