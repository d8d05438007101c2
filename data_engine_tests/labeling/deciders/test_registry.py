import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling.deciders.registry import DECIDERS, find_decider
from data_engine.labeling.provenance import PROVENANCES


@pytest.mark.parametrize("name", DECIDERS)
def test_every_decider_says_who_made_its_labels(name):
    decider = find_decider(name)
    assert decider.name == name
    assert decider.is_person or decider.provenance in PROVENANCES


def test_only_a_person_is_asked_and_labels_of_models_are_told_apart_by_their_version():
    assert [name for name, decider in DECIDERS.items() if decider.is_person] == ["person"]
    made = [(decider.provenance, decider.has_version) for decider in DECIDERS.values()]
    assert len(set(made)) == len(made)


def test_an_unknown_decider_is_a_clear_error():
    with pytest.raises(
        InvalidInput,
        match="decider is 'oracle', which does not exist; use one of rules, classifier, tree, foundation_model, p",
    ):
        find_decider("oracle")
