import inspect

import pytest

from data_engine.labeling.answers.kind import AnswerKind
from data_engine.labeling.answers.registry import ANSWER_KINDS

METHODS = {name: method for name, method in inspect.getmembers(AnswerKind, inspect.isfunction) if name[0] != "_"}


def test_what_depends_on_the_kind_of_an_answer_goes_through_these_methods() -> None:
    assert set(METHODS) == {
        "check_classes",
        "validate",
        "check_place",
        "from_label",
        "label_of",
        "shown",
        "is_same",
        "is_right",
        "agreement",
        "pool",
        "qualities",
        "wrong_answer",
        "exported",
    }


@pytest.mark.parametrize("kind", ANSWER_KINDS)
@pytest.mark.parametrize("method", METHODS)
def test_every_kind_can_be_called_as_the_protocol_says(kind: str, method: str) -> None:
    wanted = [name for name in inspect.signature(METHODS[method]).parameters if name != "self"]
    assert list(inspect.signature(getattr(ANSWER_KINDS[kind], method)).parameters) == wanted
