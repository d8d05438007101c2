"""Ctrl-C is never lost: Dagster forgets one that comes while a run ends, and Python one that comes within a callback.

What a failed run says of an interrupt is in `failures.py`.
"""

import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_INTERRUPTS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")
_readers: list[socket.socket] = []


@contextmanager
def interrupts_noticed() -> Iterator[None]:
    """Within, `raise_if_interrupted` knows of every interrupt, whatever became of it; only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    # Python writes the number of each signal there before any handler is asked.
    former_fd, former_hook = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False), sys.unraisablehook

    def without_interrupts(lost: "sys.UnraisableHookArgs") -> None:
        if lost.exc_type.__name__ not in _INTERRUPTS:
            former_hook(lost)

    sys.unraisablehook = without_interrupts
    _readers.append(reader)
    try:
        yield
    finally:
        _readers.remove(reader)
        sys.unraisablehook = former_hook
        signal.set_wakeup_fd(former_fd)
        reader.close()
        writer.close()


def raise_if_interrupted() -> None:
    """Raises: KeyboardInterrupt where an interrupt has come since the last call."""
    for reader in _readers:
        try:
            found = reader.recv(4096)
        except BlockingIOError:
            continue
        if signal.SIGINT in found:
            raise KeyboardInterrupt
