"""A reader of frames that dies after the first."""

import os
import signal
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from data_engine.indexing.video import frames
from data_engine.indexing.video.frame_choice import FrameChoice
from data_engine.indexing.video.frames import Frame, Stop


def read_frames(path: Path, choice: FrameChoice) -> Iterator[Frame | Stop | None]:
    yield from islice(frames.read_frames(path, choice), 1)
    os.kill(os.getpid(), signal.SIGKILL)
