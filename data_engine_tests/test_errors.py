import pytest

from data_engine import errors
from data_engine.errors import DataEngineError, UnknownSample

NAMED = [value for value in vars(errors).values() if isinstance(value, type)]


@pytest.mark.parametrize("error", NAMED, ids=lambda error: error.__name__)
def test_every_error_is_one_of_the_engine_says_when_it_comes_and_is_its_message(error: type[Exception]) -> None:
    assert issubclass(error, DataEngineError)
    assert error.__doc__
    assert str(error("size is 9: lower it")) == "size is 9: lower it"


def test_bad_input_and_unknown_names_are_errors_of_python_too() -> None:
    wider = {
        error.__name__: [kind.__name__ for kind in (ValueError, KeyError, OSError) if issubclass(error, kind)]
        for error in NAMED
    }
    assert {name: kinds for name, kinds in wider.items() if kinds} == {
        "InvalidInput": ["ValueError"],
        "NotEnoughData": ["ValueError"],
        "NotFound": ["ValueError"],
        "UnknownLabel": ["ValueError"],
        "UnknownSample": ["KeyError"],
    }


def test_an_unknown_sample_without_a_message_says_nothing() -> None:
    assert str(UnknownSample()) == ""
