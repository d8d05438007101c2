"""What the CPU of this machine can do, read from the kernel of the system and not from what the package asks."""

from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


def has_vnni() -> bool:
    """Whether the CPU has AVX-512 VNNI; False where the system does not say."""
    return CPU_INFO.exists() and " avx512_vnni " in CPU_INFO.read_text("utf-8").replace("\n", " ")
