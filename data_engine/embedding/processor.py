"""What this processor multiplies natively and what can be compiled for it: encoders choose by it how they compute."""

import logging
from functools import cache

logger = logging.getLogger(__name__)


def has_bfloat16_products() -> bool:
    """Whether this CPU multiplies bfloat16 natively, which halves the time of an encoder."""
    import torch

    check = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(check and check())


@cache
def runs_kernels() -> bool:
    """Whether the kernels for bfloat16 products can be compiled here: all of them are used, or none.

    It is decided once in a process, by a trial. Where the processor would do but llvmlite is missing, cannot compile or
    does not recognise the processor, one warning says so and torch computes: the same texts, in more time.
    """
    if not has_bfloat16_products():
        return False
    try:
        from data_engine.embedding.vector_code import compile_trial

        compile_trial()
    # llvmlite raises OSError where its library cannot be loaded.
    except (ImportError, OSError, RuntimeError) as error:
        logger.warning(
            "the kernels of text encoders cannot be compiled, so torch computes (%s); reinstall or update llvmlite",
            error,
        )
        return False
    return True
