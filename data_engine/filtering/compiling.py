"""Whether compiled code is worth loading: it takes half a second, once per process."""

import sys
from collections.abc import Iterable
from functools import cache

_MODULE = "data_engine.filtering.compiled_shingles"
#: Characters on which it saves what loading costs.
_WORTH_LOADING = 20_000_000


def pays(texts: Iterable[str]) -> bool:
    """Whether compiled kernels are sooner done with these texts; where they are loaded, they always are."""
    return _MODULE in sys.modules or (sum(map(len, texts)) >= _WORTH_LOADING and loads())


@cache
def loads() -> bool:
    """Load the kernels; False where numba finds no folder to keep compiled code in."""
    try:
        import data_engine.filtering.compiled_shingles  # noqa: F401
    except (ImportError, RuntimeError):
        return False
    return True
