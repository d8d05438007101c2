"""Which of the equivalent ways to compute is used; they differ in speed alone, never in a label or a mean."""

import sys
from functools import cache
from pathlib import Path
from typing import Literal

from data_engine.kernels.loading import forget_stale_code

Kernel = Literal["int8", "float32"]

#: Products (rows x clusters x values) from which on the int8 kernel saves more than it takes to load or compile.
_WORTH_LOADING = 2e10
#: The same once it is loaded.
_WORTH_CALLING = 2e8
#: Shorter rows are over before the kernel's fixed cost per row is earned.
_SHORTEST_ROW = 32
#: Longer ones could overflow its 32-bit sums.
_LONGEST_ROW = 32_768
_FEWEST_CLUSTERS = 32
_VALUES_WORTH_SUMMING = 1 << 20


@cache
def fastest_kernel() -> Kernel:
    """How products of large inputs are computed on this machine.

    Returns: "int8" where the CPU has the AVX-512 VNNI instructions (Intel since 2019, AMD since 2022), a product in
        about a third of the time of float32; "float32" elsewhere.
    """
    try:
        from llvmlite import binding
    except ImportError:
        return "float32"
    return "int8" if binding.get_host_cpu_features().get("avx512vnni", False) else "float32"


def int8_pays(n_rows: int, n_clusters: int, dim: int) -> bool:
    """Whether the int8 kernel is there and faster for these sizes."""
    if not _SHORTEST_ROW <= dim <= _LONGEST_ROW or n_clusters < _FEWEST_CLUSTERS:
        return False
    enough = _WORTH_CALLING if _is_loaded() else _WORTH_LOADING
    return float(n_rows) * n_clusters * dim >= enough and fastest_kernel() == "int8" and _loads()


def sums_pay(n_rows: int, dim: int) -> bool:
    """Whether compiled sums are faster; nothing is loaded for their sake."""
    return _is_loaded() and n_rows * dim >= _VALUES_WORTH_SUMMING


@cache
def _loads() -> bool:
    """Whether the kernel can be loaded: numba refuses where it may not compile, or finds no folder to keep code in."""
    try:
        from numba import config

        if config.DISABLE_JIT:
            return False
        forget_stale_code(Path(__file__).parent)
        import data_engine.clustering.int8_products
        import data_engine.kernels.cluster_sums  # noqa: F401
    except (ImportError, RuntimeError):
        return False
    return True


def _is_loaded() -> bool:
    return {"data_engine.clustering.int8_products", "data_engine.kernels.cluster_sums"} <= sys.modules.keys()
