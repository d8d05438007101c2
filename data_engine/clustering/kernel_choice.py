"""Choice between the equivalent ways to compute; they differ in speed alone, never in a label or a mean.

The ways are `int8_products` and `float32_products`, and the two kinds of sums in `nearest`.
"""

from functools import cache
from typing import Literal

from data_engine.kernels import loading

Kernel = Literal["int8", "float32"]

#: Products (rows x clusters x values) from which on the int8 kernel saves more than it takes to load or compile.
_WORTH_LOADING = 2e10
#: The same once it is loaded.
_WORTH_CALLING = 2e8
#: Of shorter rows the kernel's fixed cost per row outweighs its gain.
_SHORTEST_ROW = 32
#: Longer ones could overflow its 32-bit sums.
_LONGEST_ROW = 32_768
_FEWEST_CLUSTERS = 32
_VALUES_WORTH_SUMMING = 1 << 20


@cache
def fastest_kernel() -> Kernel:
    """The kernel for products of large inputs on this machine.

    Returns: "int8" where the CPU has the AVX-512 VNNI instructions (Intel since 2019, AMD since 2022), a product in
        about a third of the time of float32; "float32" elsewhere.
    """
    return "int8" if loading.cpu_has("avx512vnni") and loading.can_compile() else "float32"


def use_int8(n_rows: int, n_clusters: int, dim: int) -> bool:
    """Whether the int8 kernel runs on this machine and is faster for these sizes."""
    if not _SHORTEST_ROW <= dim <= _LONGEST_ROW or n_clusters < _FEWEST_CLUSTERS:
        return False
    enough = _WORTH_CALLING if loading.is_loaded("int8_nearest") else _WORTH_LOADING
    return float(n_rows) * n_clusters * dim >= enough and fastest_kernel() == "int8"


def use_compiled_sums(n_rows: int, dim: int) -> bool:
    """Whether compiled sums are faster; the kernel of sums is not worth loading without the int8 kernel."""
    return loading.is_loaded("int8_nearest") and n_rows * dim >= _VALUES_WORTH_SUMMING
