from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError
from small_project import notes_corpus

from data_engine.corpus import Corpus
from data_engine.corpus.yaml_file import COMPONENT, check_file
from data_engine.errors import InvalidInput

TOPIC = {"name": "topic", "question": "What is it about?", "classes": ["bread", "boats"]}
SIZE = {"name": "size", "question": "Is it long?", "classes": ["long", "short"]}


def corpus_of(*questions: object, **changes: object) -> Corpus:
    return Corpus.model_validate(notes_corpus(Path("source"), labels=list(questions), **changes))


def mistake_of(folder: Path, *questions: object, **changes: object) -> str:
    attributes = notes_corpus(Path("source"), labels=list(questions), **changes)
    path = folder / "defs.yaml"
    path.write_text(yaml.safe_dump({"type": COMPONENT, "attributes": attributes}, sort_keys=False), "utf-8")
    found = check_file(path)
    assert found is not None
    lines = path.read_text("utf-8").splitlines()
    (said,) = found.mistakes
    line = said.partition(".yaml:")[2].partition("`")[0]
    return f"{lines[int(line) - 1].strip()} | {said.partition('`: ')[2]}"


def test_a_list_of_blocks_is_several_questions_and_one_block_is_as_ever() -> None:
    corpus = corpus_of(TOPIC, SIZE)
    assert [question.name for question in corpus.questions] == ["topic", "size"]
    assert (corpus.has_labels, corpus.class_names) == (False, ())
    single = Corpus.model_validate(notes_corpus(Path("source")))
    assert (single.has_labels, single.questions) == (True, ())
    assert "questions" not in single.model_dump(mode="json")


def test_a_question_is_a_corpus_that_asks_nothing_else() -> None:
    review = {"instructions": "Count the words."}
    corpus = corpus_of(TOPIC, {**SIZE, "known_label_column": "length", "review": review})
    topic, size = corpus.of_question("topic"), corpus.of_question("size")
    assert (topic.name, topic.class_names, topic.known_label_column) == ("notes.topic", ("bread", "boats"), "topic")
    assert (size.name, size.known_label_column, size.review.instructions) == (
        "notes.size",
        "length",
        "Count the words.",
    )
    assert (
        topic.labels.model_dump()
        == Corpus.model_validate(
            notes_corpus(Path("source"), labels={name: TOPIC[name] for name in ("question", "classes")})
        ).labels.model_dump()
    )


def test_an_unknown_question_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="corpus notes has no question 'tone'; there are: topic, size"):
        corpus_of(TOPIC, SIZE).of_question("tone")


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        ([], "labels: [] | labels is an empty list; give a block with a name for each question, or remove labels"),
        (
            [TOPIC, {"question": "Is it?", "classes": ["a", "b"]}],
            "- question: Is it? | a question in a list has no name; give it a short one, such as `name: topic`",
        ),
        (
            [TOPIC, SIZE, {**SIZE, "name": "topic"}],
            "labels: | the blocks 1 and 3 of labels have the name 'topic'; give each a name of its own",
        ),
        (
            [TOPIC, {**SIZE, "name": "proposals"}],
            "- name: proposals | name is 'proposals', which is the name of a step, table or folder; choose another "
            "name",
        ),
        ([{**TOPIC, "clases": []}], "clases: [] | there is no key 'clases'; did you mean classes?"),
    ],
)
def test_a_mistake_in_a_list_of_questions_is_told_with_its_line(
    tmp_path: Path, questions: list[object], said: str
) -> None:
    assert mistake_of(tmp_path, *questions) == said


def test_a_question_whose_block_does_not_fit_the_corpus_is_named(tmp_path: Path) -> None:
    said = mistake_of(tmp_path, TOPIC, {**SIZE, "class_names_as_examples": True}, modality="image")
    assert "question size of labels: labels.class_names_as_examples has the encoder embed names" in said
    said = mistake_of(tmp_path, TOPIC, {**SIZE, "synthesised_share": 0.1})
    assert "question size of labels: labels.synthesised_share asks about changed images, but modality is text" in said


def test_simulated_annotators_need_the_truth_of_each_question() -> None:
    with pytest.raises(ValidationError, match=r"question size of labels: review\.simulated needs the truth"):
        corpus_of(
            {**TOPIC, "known_label_column": "topic"},
            SIZE,
            known_label_column=None,
            review={"simulated": [{"name": "r"}]},
        )


def test_the_key_questions_itself_is_no_key() -> None:
    attributes = {**notes_corpus(Path("source")), "questions": [TOPIC]}
    with pytest.raises(ValidationError, match="there is no key 'questions'; give the list of questions under labels"):
        Corpus.model_validate(attributes)


def test_the_schema_takes_one_block_or_a_list_of_named_ones() -> None:
    schema = Corpus.model_json_schema()
    labels = schema["properties"]["labels"]
    assert labels["if"] == {"type": "array"}
    one, several = labels["else"], labels["then"]
    assert (one["$ref"], several["items"]["$ref"]) == ("#/$defs/Labels", "#/$defs/Question")
    assert "questions" not in schema["properties"]
    assert "name" in schema["$defs"]["Question"]["required"]


def test_a_foundation_model_decides_the_questions_that_name_it_and_no_other() -> None:
    model = {"name": "small", "url": "http://h/v1", "model": "m"}
    asked = {**SIZE, "deciders": ["foundation_model", "person"]}
    corpus = corpus_of(TOPIC, asked, foundation_model=model)
    assert corpus.of_question("topic").foundation_model is None
    assert corpus.of_question("size").foundation_model == corpus.foundation_model
    with pytest.raises(ValidationError, match=r"is not among labels\.deciders"):
        corpus_of(TOPIC, SIZE, foundation_model=model)
    with pytest.raises(ValidationError, match="has no block that says which"):
        corpus_of(TOPIC, asked)
