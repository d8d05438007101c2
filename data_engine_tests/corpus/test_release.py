import pytest

from data_engine.corpus import Release
from data_engine.corpus.release import Splits
from data_engine.release_formats.registry import FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_be_named(name: str) -> None:
    assert Release(formats=(name,)).formats == (name,)


def test_a_format_that_does_not_exist_none_and_one_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="formats is 'excel', which does not exist; use one of parquet, jsonl"):
        Release(formats=("parquet", "excel"))
    with pytest.raises(ValueError, match=r"formats is \[\]; name at least one format, and each only once"):
        Release(formats=())
    with pytest.raises(ValueError, match=r"formats is \['jsonl', 'jsonl'\]; name at least one"):
        Release(formats=("jsonl", "jsonl"))


def test_the_schema_tells_of_every_format() -> None:
    schema = Release.model_json_schema()["properties"]["formats"]
    assert schema["items"]["enum"] == list(FORMATS)
    assert (schema["minItems"], schema["uniqueItems"]) == (1, True)
    assert all(f"{name}: {each.meaning}." in schema["items"]["description"] for name, each in FORMATS.items())


def test_the_default_is_not_in_the_configuration_that_a_manifest_keeps() -> None:
    assert "formats" not in Release().model_dump(mode="json")
    assert Release(formats=("jsonl",)).model_dump(mode="json")["formats"] == ["jsonl"]
    assert set(Release().formats) <= set(FORMATS)


def test_splits_are_one_in_all_and_in_no_configuration_that_has_none() -> None:
    assert Splits().shares == {"train": 0.8, "validation": 0.1, "test": 0.1}
    assert Splits(train=0.7, validation=0, test=0.3).shares["validation"] == 0
    with pytest.raises(ValueError, match=r"train, validation and test are 1\.1 in all; they must be 1: change one"):
        Splits(train=0.9)
    assert "splits" not in Release().model_dump(mode="json")
    assert Release(splits=Splits()).model_dump(mode="json")["splits"]["least_cosine"] == 0.95
