"""Compiled code that numba keeps beside the modules, in `__pycache__`.

numba makes it anew when the module itself has changed, but not when another has whose functions or constants went into
it: code of yesterday would go on computing.
"""

from contextlib import suppress
from pathlib import Path


def forget_stale_code(package: Path) -> None:
    """Delete what was compiled in a package before any of its modules was last written; it is compiled anew.

    Args:
        package: folder of the modules. One that may not be written to keeps what it has.
    """
    newest = max(module.stat().st_mtime_ns for module in package.glob("*.py"))
    with suppress(OSError):
        for index in package.glob("__pycache__/*.nbi"):
            if index.stat().st_mtime_ns < newest:
                index.unlink(missing_ok=True)
