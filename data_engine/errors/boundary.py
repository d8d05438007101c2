"""The boundary where errors of any kind leave the engine: none of them takes a secret along.

What is secret is known to `secret_texts.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from data_engine.errors import DataEngineError
from data_engine.errors.secret_texts import harmless


@contextmanager
def secrets_hidden() -> Iterator[None]:
    """Within, an error that holds a secret is raised without it; its causes are left out then."""
    try:
        yield
    except DataEngineError as error:
        if harmless(error) is None:
            raise error from None
        raise
    except Exception as error:
        if harmless(error) is None:
            raise DataEngineError(f"{type(error).__name__}: {error}") from None
        raise
