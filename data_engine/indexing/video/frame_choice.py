"""Which frames of a video are samples: the first of every so many seconds, or the first after each change of scene.

Frames are decoded in `player.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.indexing.source_files import ReadOptions

#: Share of a step by which a time stamp may come early: containers round them to milliseconds.
_EARLY = 0.02
MOST_FRAMES, MOST_VIDEO_S, SCENE_GAP_S = 10_000, 21_600.0, 1.0


@dataclass(frozen=True)
class FrameChoice:
    """What is asked for of a video.

    Attributes:
        step_s: Seconds from one frame to the next; None to go by changes of scene.
        scene_change: Least mean difference of two successive small frames, in [0, 1], that begins a scene.
        scene_gap_s: Seconds that lie at least between two changes of scene.
        most_frames: Frames of one video that become samples, at most.
        most_s: Seconds of one video that are read, at most.
        most_pixels: Of one frame.
    """

    step_s: float | None
    scene_change: float = 0.0
    scene_gap_s: float = SCENE_GAP_S
    most_frames: int = MOST_FRAMES
    most_s: float = MOST_VIDEO_S
    most_pixels: int = 50_000_000


def frame_choice(options: ReadOptions) -> FrameChoice:
    """What a source asks for; one frame a second where it does not say."""
    step = 1.0 if options.every_seconds is None else options.every_seconds
    if options.frames_per_second is not None:
        step = 1 / options.frames_per_second
    return FrameChoice(
        step_s=None if options.scene_change is not None else step,
        scene_change=options.scene_change or 0.0,
        scene_gap_s=SCENE_GAP_S if options.scene_gap_s is None else options.scene_gap_s,
        most_frames=options.max_frames or MOST_FRAMES,
        most_s=options.max_video_s or MOST_VIDEO_S,
        most_pixels=options.max_pixels,
    )


class FrameChooser:
    """Says of the frames of one video, in their order, which are samples.

    Args:
        choice: What is asked for.
    """

    def __init__(self, choice: FrameChoice) -> None:
        self._choice = choice
        self._next_s, self._last_s = 0.0, 0.0
        self._before: NDArray[np.int16] | None = None

    @property
    def compares(self) -> bool:
        """Whether it has to see every frame."""
        return self._choice.step_s is None

    def takes(self, time_s: float, small: NDArray[np.uint8] | None = None) -> bool:
        """Whether a frame is a sample.

        Args:
            time_s: Seconds after the first frame.
            small: (h, w, 3), the frame scaled down, where frames are compared.
        """
        step = self._choice.step_s
        if step is None:
            return self._begins_scene(time_s, small)
        if time_s < self._next_s - _EARLY * step:
            return False
        self._next_s = (np.floor(time_s / step + _EARLY) + 1) * step
        return True

    def _begins_scene(self, time_s: float, small: NDArray[np.uint8] | None) -> bool:
        if small is None:
            raise TypeError("small is None, and changes of scene are found by comparing small frames; give one")
        now, before, self._before = small.astype(np.int16), self._before, small.astype(np.int16)
        if before is None:
            return True
        if now.shape == before.shape and difference(now, before) < self._choice.scene_change:
            return False
        if time_s - self._last_s < self._choice.scene_gap_s:
            return False
        self._last_s = time_s
        return True


def difference(one: NDArray[np.int16], other: NDArray[np.int16]) -> float:
    """Mean absolute difference of two frames of one size, from 0 to 1."""
    return float(np.abs(one - other).mean()) / 255
