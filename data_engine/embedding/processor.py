"""What this processor multiplies natively: encoders choose their precision by it."""


def has_bfloat16_products() -> bool:
    """Whether this CPU multiplies bfloat16 natively, which halves the time of an encoder."""
    import torch

    check = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(check and check())
