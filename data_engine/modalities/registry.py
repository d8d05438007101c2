"""Modalities by name: every module beside this one that has a `MODALITY` declares one; there is no other list.

What a declaration says is in `modality.py`.
"""

from functools import cache
from importlib import import_module
from pathlib import Path

from data_engine.errors import InvalidInput
from data_engine.modalities.modality import Modality

_NO_DECLARATIONS = frozenset({"__init__", "modality", "registry"})


@cache
def modality_names() -> tuple[str, ...]:
    """The names of all modalities, sorted, text first, which is the default."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NO_DECLARATIONS)
    return tuple(sorted(found, key=lambda name: name != "text"))


@cache
def find_modality(name: str) -> Modality:
    """The declaration of a modality.

    Raises: InvalidInput listing the names that there are.
    """
    if name not in modality_names():
        raise InvalidInput(f"modality is {name!r}, which does not exist; use one of {', '.join(modality_names())}")
    declared: Modality = import_module(f"data_engine.modalities.{name}").MODALITY
    return declared
