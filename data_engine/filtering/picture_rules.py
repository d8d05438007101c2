"""The rules of pictures: pure functions of a decoded picture, and the registry, in the order they are tried."""

from data_engine.filtering.rules import Rule

#: Every rule of pictures, in the order in which they are tried.
PICTURE_RULES: tuple[Rule, ...] = ()
