"""What blocks of a corpus' YAML share: names of a registry."""

from typing import Annotated

import pytest

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
