"""The data engine: raw text and images in, a small, balanced, labelled, checked training set out."""

from importlib import import_module
from typing import Any

__all__ = ["open_corpus"]


def __getattr__(name: str) -> Any:
    """`open_corpus` of `data_engine.notebook`, loaded when it is asked for: commands start without it."""
    if name == "open_corpus":
        return import_module("data_engine.notebook").open_corpus
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
