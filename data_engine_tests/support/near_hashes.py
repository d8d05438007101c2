"""Hashes of images of which many are near to another one."""

import numpy as np


def hashes_near_one_another() -> np.ndarray:
    """300 hashes, each of the last 200 with up to 11 bits of another one turned."""
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**63, 300, dtype=np.uint64)
    for number in range(100, 300):
        flips = random.choice(64, size=int(random.integers(0, 12)), replace=False)
        hashes[number] = hashes[number - 100] ^ np.bitwise_or.reduce(
            np.left_shift(np.uint64(1), flips.astype(np.uint64)), initial=np.uint64(0)
        )
    return hashes
