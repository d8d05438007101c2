from types import SimpleNamespace

from data_engine.filtering.pairs.pair_rules import OF_PAIRS, PAIR_RULES
from data_engine.filtering.rules.document import Document
from data_engine.filtering.rules.measuring import limits_of, measure_of


def test_pairs_have_all_rules_of_images_and_of_texts_and_one_between_them() -> None:
    names = [rule.name for rule in PAIR_RULES]
    assert {"too_small", "too_short", "language", "agreement"} <= set(names)
    assert len(set(names)) == len(names)
    assert {rule.modality for rule in PAIR_RULES} == {"image_text"}


def test_a_rule_measures_its_own_part() -> None:
    rules = {rule.name: rule for rule in PAIR_RULES}
    pair = SimpleNamespace(
        document=Document("two words"), image=SimpleNamespace(width_px=4, height_px=9), agreement=0.2
    )
    assert (rules["too_short"].score(pair), rules["too_small"].score(pair)) == (9.0, 4.0)
    assert (rules["agreement"].score(pair), rules["agreement"].rejects(0.2, 0.3)) == (0.2, True)


def test_names_are_asked_of_the_caption() -> None:
    (limit,) = (each for each in limits_of("image_text", {"language": ["en"]}) if each.rule.name == "language")
    score = limit.rule.score(SimpleNamespace(document=Document("the dog ran over the hill with the other dogs")))
    assert score is not None
    assert score > 0.5


def test_agreement_is_measured_only_while_it_is_on() -> None:
    assert "agreement" not in {limit.rule.name for limit in limits_of("image_text")}
    assert measure_of("image_text", ())(None) is None


def test_accepted_pairs_are_found_by_the_hashes_of_their_images() -> None:
    assert OF_PAIRS.kind(0.97).name == "turned hashes of pairs"
