"""Ways to choose a subset, by name, so that the balanced one can be held against others. Arrays in, rows out."""

from data_engine.selection.comparison import compare, part_of
from data_engine.selection.density import intrinsic_dimension, log_inverse_density
from data_engine.selection.methods import METHODS, Pool, select
from data_engine.selection.semantic_dedup import redundancy

__all__ = [
    "METHODS",
    "Pool",
    "compare",
    "intrinsic_dimension",
    "log_inverse_density",
    "part_of",
    "redundancy",
    "select",
]
