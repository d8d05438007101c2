import pytest

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.labeling.deciders.label_rules import label_rules, rules_opinion

CLASSES = ("mit", "gpl", "zlib")
RULES = label_rules({"mit": ["MIT License", "^Expat"], "gpl": [r"GPL-\d"]}, CLASSES)


def test_a_text_is_of_the_one_class_whose_pattern_is_found():
    assert RULES.answer("under the MIT License, see below") == '{"label":"mit"}'
    assert RULES.answer("Expat terms") == '{"label":"mit"}'
    assert RULES.answer("the Expat terms") is None
    assert RULES.answer("GPL-2.0") == '{"label":"gpl"}'
    assert RULES.answer("MIT License or GPL-2.0") is None
    assert RULES.answer(None) is None


def test_wrong_patterns_and_classes_are_refused():
    with pytest.raises(
        UnknownLabel, match=r"the rules have patterns for \['beer'\], which are not among the 3 classes"
    ):
        label_rules({"beer": ["free"]}, CLASSES)
    with pytest.raises(InvalidInput, match=r"pattern '\(' of the rules is no regular expression"):
        label_rules({"mit": ["("]}, CLASSES)


def opinion(answer_table, n_right, n_wrong, **changes):
    """The rules' opinion on one text, after so many of their answers on the hold-out were right and wrong."""
    rows = [{"sample_id": f"r{i:03d}", "label": "mit", "purpose": "hold_out"} for i in range(n_right)]
    rows += [{"sample_id": f"w{i:03d}", "label": "zlib", "purpose": "hold_out"} for i in range(n_wrong)]
    rows += [{"sample_id": f"q{i:03d}", "label": "zlib"} for i in range(60)]
    texts = {row["sample_id"]: "MIT License" for row in rows}
    arguments = {"target_precision": 0.95, "confidence": 0.9} | changes
    return rules_opinion(RULES, ["MIT License", "other"], answer_table(*rows), texts, CLASSES, **arguments)


def test_rules_are_certified_on_the_hold_out_as_the_classifier_is(answer_table):
    # 45 faultless answers certify 0.95 at confidence 0.9; queries do not count.
    assert opinion(answer_table, 44, 0).gate.threshold is None
    certified = opinion(answer_table, 45, 0)
    assert (certified.gate.threshold, certified.gate.n_checked) == (1.0, 45)
    assert certified.gate.lower_bound == pytest.approx(0.1 ** (1 / 45))
    assert opinion(answer_table, 45, 1).gate.threshold is None
    assert certified.answers == ('{"label":"mit"}', None)
    assert certified.is_sure.tolist() == [True, False]
    assert certified.why(0) == "a pattern, score 1.0000 >= gate 1.0000"
    assert certified.why(1) == "no pattern of one class"


def test_without_a_hold_out_rules_decide_nothing(answer_table):
    assert opinion(answer_table, 0, 0).is_sure.tolist() == [False, False]
