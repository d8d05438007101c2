"""Loading of compiled code: where numba keeps it, when it is out of date, and whether it repays loading.

The kernels are the other modules of this folder. Importing one imports numba and reads the compiled code from disk,
together about half a second once per process, so callers import kernels inside functions. What is stored never depends
on whether a kernel ran: where there is another way to compute, it gives the very same numbers.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from data_engine.errors import InvalidInput

#: Characters of texts on which the kernel saves what loading it costs.
_CHARACTERS_WORTH_LOADING = 20_000_000
_PACKAGE = Path(__file__).parent
#: Dispatchers of numba by the module and the name of their function.
_COMPILED: dict[str, Any] = {}


def compiled(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Decorator of a kernel's functions: numba's `njit` without the interpreter's lock, its code kept on disk.

    Args:
        function: the function, where the decorator is used without options.
        **options: further options of `numba.njit`, such as `fastmath`.

    Raises: InvalidInput where the environment forbids numba to compile.
    """
    if function is None:
        return lambda decorated: compiled(decorated, **options)
    if not can_compile():
        raise InvalidInput(
            "NUMBA_DISABLE_JIT is set, and the kernels run compiled only; unset it, as by `env -u NUMBA_DISABLE_JIT`"
        )
    from numba import njit

    dispatcher = njit(nogil=True, cache=code_folder() is not None, **options)(function)
    _COMPILED[f"{function.__module__.rpartition('.')[2]}.{function.__name__}"] = dispatcher
    return dispatcher


def can_compile() -> bool:
    """Whether numba may compile; with NUMBA_DISABLE_JIT it runs Python in place of compiled code."""
    from numba import config

    return not config.DISABLE_JIT


def cpu_has(feature: str) -> bool:
    """Whether this CPU has an instruction set, by LLVM's name for it, such as "avx512vnni"."""
    from llvmlite import binding

    return bool(binding.get_host_cpu_features().get(feature, False))


def use_compiled_text_kernels(n_characters: int) -> bool:
    """Whether texts of so many characters are large enough to repay loading; what is loaded already is always used."""
    return is_loaded("minhash") or (n_characters >= _CHARACTERS_WORTH_LOADING and can_compile())


def is_loaded(kernel: str) -> bool:
    """Whether this process has imported a kernel, given by the name of its module."""
    return f"{__package__}.{kernel}" in sys.modules


def kernels_used() -> frozenset[str]:
    """Names of the kernels that this process has called from Python, such as "minhash.jaccards"."""
    return frozenset(name for name, dispatcher in _COMPILED.items() if dispatcher.signatures)


@cache
def code_folder() -> Path | None:
    """The folder where compiled code is kept, without what is out of date; None where no folder can be written.

    A folder in NUMBA_CACHE_DIR comes first, then `__pycache__` beside the kernels, then the user's cache folder
    ($DATA_ENGINE_CACHE, else data-engine in $XDG_CACHE_HOME or ~/.cache), then one in the folder for temporary files.
    """
    from numba import config

    if config.CACHE_DIR:
        folder: Path | None = Path(config.CACHE_DIR)
    elif _can_write(_PACKAGE / "__pycache__"):
        folder = _PACKAGE / "__pycache__"
    else:
        folder = user_folder()
        if folder is not None:
            # The environment carries it on to other processes; numba has read it already in this one.
            os.environ["NUMBA_CACHE_DIR"] = config.CACHE_DIR = str(folder)
    if folder is not None:
        forget_stale_code(_PACKAGE, folder)
    return folder


def user_folder() -> Path | None:
    """A folder of this user alone for what can be made again; None where none can be written."""
    return next((path for path in _user_folders() if _is_private(path)), None)


def forget_stale_code(package: Path, kept_in: Path) -> None:
    """Delete what was compiled before any module of the package was last written; it is compiled again when called.

    numba itself compiles again when the module of a function has changed, but not when another module has whose
    functions or constants went into it.

    Args:
        package: folder of the modules.
        kept_in: their `__pycache__`, or a folder in which numba has one folder for each package. What may not be
            deleted stays.
    """
    newest = max(module.stat().st_mtime_ns for module in package.glob("*.py"))
    with suppress(OSError):
        for index in (*kept_in.glob("*.nbi"), *kept_in.glob(f"{package.name}_*/*.nbi")):
            if index.stat().st_mtime_ns < newest:
                index.unlink(missing_ok=True)


def _user_folders() -> list[Path]:
    """Folders of the user for compiled code, the first choice first."""
    given = os.environ.get("DATA_ENGINE_CACHE")
    folders = [Path(given) / "kernels"] if given else []
    with suppress(RuntimeError):
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folders.append(home / "data-engine" / "kernels")
    with suppress(FileNotFoundError):
        folders.append(Path(tempfile.gettempdir()) / f"data-engine-kernels-{os.getuid()}")
    return folders


def _is_private(folder: Path) -> bool:
    """Whether a folder can be written to and is this user's own: what lies in it is run."""
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder.lstat().st_uid == os.getuid() and _can_write(folder)
    return False


def _can_write(folder: Path) -> bool:
    """Whether files can be written to a folder, which is made where there is none."""
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    return False
