"""Whether compiled code is worth loading: it takes half a second, once per process.

What is stored never depends on the answer. Code for texts and keys gives the very numbers that NumPy gives, so it is
loaded where it pays. Images are always looked at by compiled code where there is a folder to keep it in: it saves
most of the time that is not decoding.
"""

import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path

from data_engine.kernels.loading import forget_stale_code

TEXTS = ("data_engine.kernels.minhash",)
IMAGES = ("data_engine.kernels.image_scan", "data_engine.kernels.image_similarity")
KEYS = ("data_engine.kernels.hamming",)
#: Characters, and pairs of keys, on which it saves what loading costs.
_CHARACTERS_WORTH_LOADING = 20_000_000
_KEYS_WORTH_LOADING = 2_000_000


def pays(texts: Iterable[str]) -> bool:
    """Whether compiled kernels are sooner done with these texts; where they are loaded, they always are."""
    return is_loaded(TEXTS) or (sum(map(len, texts)) >= _CHARACTERS_WORTH_LOADING and loads(TEXTS))


def pays_for_keys(n: int) -> bool:
    """Whether compiled kernels are sooner done with as many pairs of keys; where they are, they are loaded."""
    return is_loaded(KEYS) or (n >= _KEYS_WORTH_LOADING and loads(KEYS))


def is_loaded(modules: Iterable[str]) -> bool:
    """Whether these kernels are loaded already."""
    return all(module in sys.modules for module in modules)


@cache
def loads(modules: Iterable[str]) -> bool:
    """Load the kernels; False where numba finds no folder to keep compiled code in."""
    forget_stale_code(Path(__file__).parent)
    try:
        for module in modules:
            import_module(module)
    except (ImportError, RuntimeError):
        return False
    return True
