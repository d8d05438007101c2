"""Blocks of a corpus' YAML: former names of fields are read on."""

import pytest
from pydantic import ValidationError

from data_engine.corpus import FirstPass, Release


def test_a_field_that_was_renamed_is_found_under_its_former_name() -> None:
    assert FirstPass.model_validate({"near_duplicate_picture_similarity": 0.9}).near_duplicate_image_similarity == 0.9
    assert FirstPass.model_validate({"near_duplicate_picture_similarity": False}).similarity_of("image") is None
    assert Release.model_validate({"pictures": False}).images is False


def test_both_names_at_once_are_refused_with_the_one_to_remove() -> None:
    with pytest.raises(ValidationError, match="pictures is the former name of images, and both are given; remove pict"):
        Release.model_validate({"pictures": False, "images": True})


def test_the_schema_that_yaml_files_are_checked_against_has_both_names_and_marks_the_former() -> None:
    properties = Release.model_json_schema()["properties"]
    assert properties["pictures"]["deprecated"] is True
    assert "deprecated" not in properties["images"]
