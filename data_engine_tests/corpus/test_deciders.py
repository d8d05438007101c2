import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from data_engine.corpus import Corpus, Labels


def labels(**changes):
    return Labels.model_validate({"question": "Which?", "classes": ["a", "b"], **changes})


def test_by_default_the_classifier_decides_before_a_person():
    assert labels().decider_names == ("classifier", "person")
    assert labels().target_of("classifier") == 0.95
    assert labels() == labels(deciders=["classifier", {"name": "person"}])


def test_a_block_that_was_written_down_whole_is_read_back_the_same():
    for made in (labels(), labels(deciders=[{"name": "tree", "checks_per_leaf": 40}, "person"])):
        assert Labels.model_validate(made.model_dump(mode="json")) == made


def test_names_and_entries_mix_in_the_order_given():
    rules = {"name": "rules", "cost": 0.5, "target_precision": 0.99, "patterns": {"a": ["^x"]}}
    made = labels(deciders=[rules, "classifier", {"name": "person", "cost": 30}])
    assert made.decider_names == ("rules", "classifier", "person")
    assert [decider.cost for decider in made.deciders] == [0.5, 0, 30]
    assert (made.target_of("rules"), made.target_of("classifier")) == (0.99, 0.95)
    assert made.decider("rules").patterns == {"a": ("^x",)}
    assert labels().decider("rules") is None


@pytest.mark.parametrize(
    ("deciders", "message"),
    [
        ([], "deciders ends with nothing; the last must be person"),
        (["classifier"], "deciders ends with classifier; the last must be person"),
        (["person", "classifier"], "deciders ends with classifier; the last must be person"),
        (["classifier", "classifier", "person"], r"deciders names \['classifier'\] more than once"),
        (
            ["oracle", "person"],
            "decider is 'oracle', which does not exist; use one of rules, classifier, tree, foundation_model, person",
        ),
        (["rules", "person"], "decider rules has no patterns and could never decide"),
        ([{"name": "classifier", "patterns": {"a": ["x"]}}, "person"], "decider classifier has patterns, which it"),
        ([{"name": "person", "target_precision": 0.99}], "decider person has target_precision 0.99 but no gate"),
        (
            [{"name": "classifier", "target_precision": 0.9}, "person"],
            "target_precision of decider classifier is 0.9, below the 0.95 that labels must reach",
        ),
        ([{"name": "rules", "patterns": {"z": ["x"]}}, "person"], r"has patterns for \['z'\], which are not among the"),
        ([{"name": "rules", "patterns": {"a": ["("]}}, "person"], r"pattern '\(' is no regular expression"),
        (
            [{"name": "classifier", "checks_per_round": 9}, "person"],
            r"has \['checks_per_round'\], which it does not read",
        ),
        (
            [{"name": "tree", "checks_per_leaf": 4}, "person"],
            "4 checks that all agree have a lower bound of 0.709, below the 0.9",
        ),
        ([{"name": "person", "cost": -1}], "greater than or equal to 0"),
        ([{"name": "person", "price": 1}], "Extra inputs are not permitted"),
    ],
)
def test_deciders_that_cannot_work_are_refused(deciders, message):
    with pytest.raises(ValidationError, match=message):
        labels(deciders=deciders)


def test_rules_need_texts():
    attributes = {
        "name": "photos",
        "modality": "image",
        "source": {"kind": "folder", "path": "data"},
        "subset": {"target_size": 9},
        "labels": {
            "question": "Which?",
            "classes": ["a", "b"],
            "deciders": [{"name": "rules", "patterns": {"a": ["x"]}}, "person"],
        },
    }
    with pytest.raises(ValidationError, match="patterns, which are searched for in texts, but modality is image"):
        Corpus.model_validate(attributes)
    assert Corpus.model_validate(attributes | {"modality": "text"}).labels.decider_names == ("rules", "person")


def test_the_examples_of_the_document_are_lists_that_work():
    text = (Path(__file__).resolve().parents[2] / "docs" / "deciders.md").read_text("utf-8")
    blocks = [yaml.safe_load(block)["labels"] for block in re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M)]
    assert [Labels.model_validate(block).decider_names for block in blocks] == [
        ("classifier", "person"),
        ("rules", "classifier", "person"),
        ("classifier", "tree", "person"),
    ]


def test_settings_that_are_written_out_whole_are_read_again():
    made_with = labels(deciders=["classifier", {"name": "tree", "checks_per_leaf": 40}, "person"])
    assert Labels.model_validate(made_with.model_dump(mode="json")) == made_with
