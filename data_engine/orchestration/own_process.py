"""What a command may do because its process is its own: collect garbage rarely, and leave without taking all apart."""

import atexit
import gc
import os
import sys

#: Objects that are new before Python looks for cycles among them. A command makes hundreds of thousands that stay, its
#: modules and definitions, and Python's own limit of 700 has them looked through again and again: a tenth of a run.
_YOUNG, _MIDDLE, _OLD = 100_000, 20, 20


def collect_rarely() -> None:
    """Look for unreachable cycles rarely from now on; what no cycle holds is freed at once as ever."""
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


class Leaving:
    """The end of a process, for its main function to tell how it ends.

    Python takes every object apart before a process ends, which takes longer than many a step; here it ends once all
    exit handlers have run. Made before anything else registers one, so that its own is the last.
    """

    def __init__(self) -> None:
        self._status: int | None = None
        atexit.register(self._leave)

    def with_status(self, status: int) -> None:
        """The process is going to end with this exit status, and has nothing left to do but its exit handlers."""
        self._status = status

    def _leave(self) -> None:
        if self._status is None:
            return
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self._status)
