"""Damage: one bit of a file is another, as a disk that fails leaves it."""

from collections.abc import Callable
from pathlib import Path


def flip_a_bit(path: Path, place: Callable[[int], int], bit: int = 2) -> None:
    """Flip one bit of the byte at `place`, which is given the size of the file in bytes."""
    content = bytearray(path.read_bytes())
    content[place(len(content))] ^= 1 << bit
    path.write_bytes(content)
