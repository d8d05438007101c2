import pytest

from data_engine.corpus import Subset
from data_engine.sampling import METHODS


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_named_and_compared_with(method: str) -> None:
    subset = Subset(target_size=9, method=method, compare_with=(method,))
    assert (subset.method, subset.compare_with) == (method, (method,))


def test_a_method_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(
        ValueError, match="method is 'best', which does not exist; use one of balanced, facility_location, hierarchi"
    ):
        Subset(target_size=9, method="best")
    with pytest.raises(
        ValueError, match="compare_with is 'best', which does not exist; use one of balanced, facility_location, hier"
    ):
        Subset(target_size=9, compare_with=("random", "best"))


def test_the_schema_tells_of_every_method() -> None:
    properties = Subset.model_json_schema()["properties"]
    assert properties["method"]["enum"] == properties["compare_with"]["items"]["enum"] == list(METHODS)
    for name, method in METHODS.items():
        assert f"{name}: {method.summary}." in properties["method"]["description"]


def test_the_defaults_are_methods() -> None:
    subset = Subset(target_size=9)
    assert {subset.method, *subset.compare_with} <= set(METHODS)
