import pytest
from pydantic import ValidationError

from data_engine.corpus import Labels


def test_the_kind_of_the_answers_is_one_that_exists():
    attributes = {"question": "Which?", "classes": ["a", "b"]}
    assert Labels.model_validate(attributes).kind == "class"
    with pytest.raises(ValidationError, match="kind of answer is 'smell', which does not exist; use one of class"):
        Labels.model_validate(attributes | {"kind": "smell"})


def test_the_schema_names_the_kinds_and_the_deciders():
    schema = Labels.model_json_schema()
    assert schema["properties"]["kind"]["enum"] == ["class"]
    described = schema["$defs"]["DeciderSettings"]
    assert described["then"] == {"enum": ["rules", "classifier", "person"]}
    assert described["else"]["properties"]["name"]["enum"] == ["rules", "classifier", "person"]
