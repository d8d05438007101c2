"""Output of steps: captured for the Dagster UI, left on the terminal where a command executes them.

Dagster captures by four further processes per run, two of them Python, which copy a file back to the terminal. That is
half of what a short run costs, and on the terminal everything can be read anyway.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Self

from dagster._core.storage.compute_log_manager import CapturedLogContext
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._serdes import ConfigurableClassData

from data_engine.orchestration.instance.dagster_home import InDagsterHome

_ON_TERMINAL: ContextVar[bool] = ContextVar("on_terminal", default=False)


@contextmanager
def printed_on_the_terminal() -> Iterator[None]:
    """Within, what the runs of this thread print is not captured."""
    token = _ON_TERMINAL.set(True)
    try:
        yield
    finally:
        _ON_TERMINAL.reset(token)


class TerminalComputeLogManager(InDagsterHome, LocalComputeLogManager):
    """Dagster's files in `$DAGSTER_HOME/storage`, without those of runs that a command executes on its terminal."""

    FOLDER = "storage"

    @classmethod
    def in_folder(cls, folder: str, inst_data: ConfigurableClassData | None) -> Self:
        """Made by Dagster from `dagster.yaml`."""
        return cls(folder, inst_data=inst_data)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Capture what is printed within, or say in its place where it is."""
        if not _ON_TERMINAL.get():
            with super().capture_logs(log_key) as context:
                yield context
            return
        path = Path(self.get_captured_local_path(log_key, "out"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a command executed this run; what it printed is on the terminal of that command\n", "utf-8")
        yield CapturedLogContext(log_key)
        Path(self.complete_artifact_path(log_key)).touch()
