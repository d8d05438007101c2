import numpy as np
import pytest

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.labeling.answers.class_answers import ClassAnswers

KIND = ClassAnswers()


def test_a_class_is_written_in_one_way_also_beyond_ascii():
    assert KIND.from_label('a "b"') == '{"label":"a \\"b\\""}'
    assert KIND.from_label("süß") == '{"label":"süß"}'
    assert KIND.label_of('{"label":"s\\u00fc\\u00df"}') == "süß"


def test_an_unknown_class_comes_with_near_names():
    with pytest.raises(
        UnknownLabel, match=r"'gpl2.0' is not one of the 2 classes of batch 'b1'; did you mean 'gpl-2.0'"
    ):
        KIND.validate({"label": "gpl2.0"}, ("mit", "gpl-2.0"), of="batch 'b1'")


def test_a_question_needs_two_different_classes():
    KIND.check_classes(("a", "b"))
    with pytest.raises(InvalidInput, match="classes names 1; give at least 2 different answers"):
        KIND.check_classes(("a",))
    with pytest.raises(InvalidInput, match=r"classes names 2, and \['a'\] more than once; give at least"):
        KIND.check_classes(("a", "b", "a"))


def test_a_trap_proposes_the_most_probable_wrong_class():
    wrong = KIND.wrong_answer(
        '{"label":"b"}', ("a", "b", "c"), probabilities=np.array([0.1, 0.7, 0.2], np.float32), draw=0
    )
    assert wrong == '{"label":"c"}'
    drawn = {KIND.wrong_answer('{"label":"b"}', ("a", "b", "c"), probabilities=None, draw=k) for k in range(4)}
    assert drawn == {'{"label":"a"}', '{"label":"c"}'}
