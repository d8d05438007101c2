import pytest

from data_engine.modalities import find_modality, load


def test_a_part_is_what_its_name_says() -> None:
    from data_engine.filtering.rules.text_rules import TEXT_RULES

    assert load("data_engine.filtering.rules.text_rules:TEXT_RULES") is TEXT_RULES
    with pytest.raises(AttributeError):
        load("data_engine.filtering.rules.text_rules:NO_RULES")


def test_a_modality_takes_its_own_encoders_unless_it_names_others() -> None:
    assert find_modality("text").encoders_of == ("text",)


def test_the_parts_of_a_step_are_those_that_its_code_version_counts() -> None:
    image = find_modality("image")
    assert image.parts_of("raw_index") == (image.form, image.look)
    assert image.parts_of("first_pass") == (image.rules, image.looks, image.near_duplicates)
    assert image.parts_of("release") == ()
