import pytest
from pydantic import ValidationError

from data_engine.corpus.first_pass import FirstPass


def test_a_similarity_is_a_number_or_off() -> None:
    assert FirstPass(near_duplicate_similarity=False).similarity_of("text") is None
    assert FirstPass(near_duplicate_similarity=None).similarity_of("text") is None
    assert (FirstPass().similarity_of("text"), FirstPass().similarity_of("image")) == (0.8, 0.97)
    with pytest.raises(ValidationError, match="on says no number; give a similarity above 0 and at most 1, or off"):
        FirstPass(near_duplicate_similarity=True)
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        FirstPass(near_duplicate_similarity=1.5)


def test_limits_of_rules_follow_from_fields_and_pages_reach_a_share_of_zero() -> None:
    limits = FirstPass(min_chars=3, max_chars=9, min_letter_share=0.5).rule_defaults
    assert limits == {"too_short": 3, "too_long": 9, "few_letters": 0.5}
    pages = FirstPass.model_validate({"page_content": {"examples": "pages.jsonl"}})
    assert pages.rule_defaults["content_share"] == 0.0


def test_bounds_that_nothing_can_pass_are_refused() -> None:
    with pytest.raises(
        ValidationError, match="min_chars is 9 but max_chars is 3; no text can be kept: lower min_chars"
    ):
        FirstPass(min_chars=9, max_chars=3)
    with pytest.raises(ValidationError, match=r"min_kept_share is 0.9 but max_kept_share is 0.5; no batch can pass"):
        FirstPass(min_kept_share=0.9, max_kept_share=0.5)


def test_the_former_name_of_a_field_is_read_on_and_both_are_refused() -> None:
    former = {"near_duplicate_picture_similarity": 0.9}
    assert FirstPass.model_validate(former).near_duplicate_image_similarity == 0.9
    with pytest.raises(ValidationError, match="is the former name of near_duplicate_image_similarity, and both are"):
        FirstPass.model_validate({**former, "near_duplicate_image_similarity": 0.8})
