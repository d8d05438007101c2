from pathlib import Path

import pytest
from pydantic import ValidationError
from written_steps import notes_runtime

from data_engine.corpus import Labels
from data_engine.labeling import STRATEGIES

QUESTION = {"question": "What is it?", "classes": ("a", "b")}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_can_be_named(strategy: str) -> None:
    assert Labels(**QUESTION, strategy=strategy).strategy == strategy


def test_a_strategy_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ValueError, match="strategy is 'best', which does not exist; use one of random, margin, ent"):
        Labels(**QUESTION, strategy="best")


def test_the_schema_tells_of_every_strategy_and_the_default_is_one() -> None:
    schema = Labels.model_json_schema()["properties"]["strategy"]
    assert schema["enum"] == list(STRATEGIES)
    assert schema["default"] in STRATEGIES
    assert all(f"{name}: {strategy.meaning}." in schema["description"] for name, strategy in STRATEGIES.items())


def test_the_kind_of_the_answers_is_one_that_exists():
    attributes = {"question": "Which?", "classes": ["a", "b"]}
    assert Labels.model_validate(attributes).kind == "class"
    with pytest.raises(ValidationError, match="kind of answer is 'smell', which does not exist; use one of class"):
        Labels.model_validate(attributes | {"kind": "smell"})
    assert Labels.model_validate(attributes | {"kind": "objects", "classes": ["coin"]}).kind == "objects"
    with pytest.raises(ValidationError, match="a question needs at least 1 class of objects"):
        Labels.model_validate(attributes | {"kind": "objects", "classes": []})
    with pytest.raises(ValidationError, match="segmenter is 'sam', which does not exist; use one of default"):
        Labels.model_validate(attributes | {"segmenter": "sam"})


def test_the_schema_names_the_kinds_and_the_deciders():
    schema = Labels.model_json_schema()
    assert schema["properties"]["kind"]["enum"] == ["class", "objects"]
    described = schema["$defs"]["DeciderSettings"]
    assert described["then"] == {"enum": ["rules", "classifier", "tree", "foundation_model", "person"]}
    assert described["else"]["properties"]["name"]["enum"] == [
        "rules",
        "classifier",
        "tree",
        "foundation_model",
        "person",
    ]


def test_labels_known_beforehand_follow_a_renamed_class(tmp_path: Path) -> None:
    labels = {
        "question": "?",
        "classes": ["bread", "trains", "other"],
        "renamed": {" baking": "bread"},
        "other": "other",
    }
    corpus = notes_runtime(tmp_path, labels=labels).corpus
    assert corpus.labels.renamed == {"baking": "bread"}
    assert [corpus.known_class(name) for name in ("baking", "Baking", "bread", "trains", "chess")] == [
        "bread",
        "bread",
        "bread",
        "trains",
        "other",
    ]
