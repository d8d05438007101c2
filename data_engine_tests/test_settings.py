"""What blocks of a corpus' YAML share: former names of fields are read on, names of a registry are checked."""

from typing import Annotated

import pytest
from pydantic import ValidationError

from data_engine.corpus import FirstPass, Release
from data_engine.settings import OneOf, Settings

ASKED: list[str] = []


def _meanings() -> dict[str, str]:
    ASKED.append("asked")
    return {"plain": "as it is", "fancy": "with a frame"}


Style = Annotated[str, OneOf("How it looks.", _meanings)]


class Block(Settings):
    style: Style = "plain"
    others: tuple[Style, ...] = ()


def test_a_name_of_the_registry_is_taken() -> None:
    assert Block(style="fancy", others=("plain", "fancy")).others == ("plain", "fancy")


def test_another_name_is_refused_with_field_value_and_the_names_there_are() -> None:
    with pytest.raises(ValueError, match="style is 'bold', which does not exist; use one of plain, fancy"):
        Block(style="bold")
    with pytest.raises(ValueError, match=r"others\.1\n.*others is 'bold', which does not exist; use one of"):
        Block(others=("plain", "bold"))
    with pytest.raises(ValueError, match="should be a valid string"):
        Block(style=3)  # type: ignore[arg-type]


def test_the_schema_lists_the_names_and_tells_what_they_mean() -> None:
    properties = Block.model_json_schema()["properties"]
    assert properties["style"]["enum"] == properties["others"]["items"]["enum"] == ["plain", "fancy"]
    assert properties["style"]["description"] == "How it looks. plain: as it is. fancy: with a frame."


def test_a_default_does_not_ask_the_registry() -> None:
    ASKED.clear()
    Block()
    assert ASKED == []


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
