"""A process that writes into a table and pins releases, and says what it was told was kept; see `writes_of`."""

import subprocess
import sys
from pathlib import Path

_ONE_EACH, _ALL_THE_SAME = "own", "same"


def writer(root: str, name: str, rounds: int, *, piece: str = _ONE_EACH) -> "subprocess.Popen[str]":
    """Start a process that replaces its own batch, or the one of all, so many times, and pins a release each time."""
    command = [sys.executable, __file__, root, name, str(rounds), piece]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def said_by(process: "subprocess.Popen[str]") -> list[str]:
    """What a process said, line by line, once it has ended: the version of each write, or `lost`."""
    said, _ = process.communicate()
    return said.split()


def _write(root: str, name: str, rounds: int, piece: str) -> None:
    import pyarrow as pa

    from data_engine.errors import ConcurrentWrite
    from data_engine.places.place import place
    from data_engine.schemas import FIRST_PASS
    from data_engine.storage import TableStore, pin

    store, batch = TableStore(place(root), "shop"), name if piece == _ONE_EACH else "all"
    for number in range(rounds):
        opened = store.open("first_pass") if piece == _ALL_THE_SAME else None
        row = {"sample_id": f"{name}-{number}", "batch": batch, "uri": "a", "verdict": "kept", "reason": "kept"}
        rows = pa.Table.from_pylist([row], schema=FIRST_PASS)
        run = {"run_id": f"{name}-{number}", "code_version": "1"}
        try:
            written = store.write("first_pass", rows, partition={"batch": batch}, opened=opened, **run)
            pin(place(root), "shop", f"{name}-{number}", {"first_pass": written.version})
            sys.stdout.write(f"{written.version}\n")
        except ConcurrentWrite:
            sys.stdout.write("lost\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    _write(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
