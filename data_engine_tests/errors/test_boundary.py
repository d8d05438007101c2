import traceback

import pytest

from data_engine.errors import DataEngineError, SourceError
from data_engine.errors.boundary import secrets_hidden


def _raised(error: Exception, cause: Exception | None = None) -> DataEngineError:
    with pytest.raises(DataEngineError) as caught, secrets_hidden():
        raise error from cause
    return caught.value


def test_an_error_of_another_library_that_holds_a_secret_becomes_one_of_the_engine_without_it() -> None:
    shown = "".join(traceback.format_exception(_raised(ValueError("no host http://a:topsecret@b"))))
    assert "topsecret" not in shown
    assert "ValueError: no host http://***@b" in shown


def test_an_error_of_the_engine_loses_a_cause_that_holds_a_secret() -> None:
    error = SourceError("cannot be listed")
    assert _raised(error, OSError("http://a:topsecret@b")) is error
    assert "topsecret" not in "".join(traceback.format_exception(error))


def test_other_errors_pass_as_they_are() -> None:
    cause = KeyError("x")
    with pytest.raises(ValueError, match="plain") as caught, secrets_hidden():
        raise ValueError("plain") from cause
    assert caught.value.__cause__ is cause
    assert _raised(SourceError("plain"), cause).__cause__ is cause
