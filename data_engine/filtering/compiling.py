"""Whether compiled code is worth loading: it takes half a second, once per process."""

import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module

TEXTS = ("data_engine.filtering.compiled_shingles",)
PICTURES = ("data_engine.filtering.compiled_looks", "data_engine.filtering.compiled_likeness")
#: Characters, and pictures, on which it saves what loading costs.
_CHARACTERS_WORTH_LOADING = 20_000_000
_PICTURES_WORTH_LOADING = 1_000


def pays(texts: Iterable[str]) -> bool:
    """Whether compiled kernels are sooner done with these texts; where they are loaded, they always are."""
    return is_loaded(TEXTS) or (sum(map(len, texts)) >= _CHARACTERS_WORTH_LOADING and loads(TEXTS))


def pays_for_pictures(n: int) -> bool:
    """Whether compiled kernels are sooner done with as many pictures; where they are, they are loaded."""
    return is_loaded(PICTURES) or (n >= _PICTURES_WORTH_LOADING and loads(PICTURES))


def is_loaded(modules: Iterable[str]) -> bool:
    """Whether these kernels are loaded already."""
    return all(module in sys.modules for module in modules)


@cache
def loads(modules: Iterable[str]) -> bool:
    """Load the kernels; False where numba finds no folder to keep compiled code in."""
    try:
        for module in modules:
            import_module(module)
    except (ImportError, RuntimeError):
        return False
    return True
