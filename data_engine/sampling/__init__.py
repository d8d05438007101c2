"""Choosing a subset: quotas over a cluster tree, the other methods by name, and how even each comes out.

Arrays in, row numbers out. The tree itself is in `data_engine.clustering`, which the modules here import only when they
choose: a corpus' description asks for the names of `METHODS` whenever it is loaded.
"""

from data_engine.sampling.balance import Balance, balance, compare_balance, kl_to_uniform
from data_engine.sampling.choose import choose_subset
from data_engine.sampling.comparison import compare, part_of
from data_engine.sampling.density import intrinsic_dimension, log_inverse_density
from data_engine.sampling.methods import METHODS, Candidates, select
from data_engine.sampling.quotas import balanced_sample, first_members, quotas, split, stable_priority
from data_engine.sampling.semantic_dedup import redundancy

__all__ = [
    "METHODS",
    "Balance",
    "Candidates",
    "balance",
    "balanced_sample",
    "choose_subset",
    "compare",
    "compare_balance",
    "first_members",
    "intrinsic_dimension",
    "kl_to_uniform",
    "log_inverse_density",
    "part_of",
    "quotas",
    "redundancy",
    "select",
    "split",
    "stable_priority",
]
