"""Small videos made by PyAV: a textured square that moves over a textured ground, still shots, and cuts."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CODECS: dict[str, tuple[str, dict[str, str]]] = {
    "open_gop.mp4": ("libx264", {"g": "10", "bf": "3", "x264-params": "open-gop=1"}),
    "b_frames.mkv": ("libx264", {"g": "12", "bf": "2"}),
    "mpeg4.avi": ("mpeg4", {"g": "12", "bf": "2"}),
    "mpeg4.mov": ("mpeg4", {"bf": "2"}),
    "vp9.webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
    "still.gif": ("gif", {}),
}


def texture(height: int, width: int, *, seed: int, px: int = 8) -> NDArray[np.uint8]:
    """(h, w, 3) squares of random colours."""
    small = np.random.default_rng(seed).integers(20, 236, (-(-height // px), -(-width // px), 3), dtype=np.uint8)
    return small.repeat(px, 0).repeat(px, 1)[:height, :width]


def moving(n: int, *, size: tuple[int, int] = (48, 64), step: int = 1, seed: int = 0) -> list[NDArray[np.uint8]]:
    """Frames in which a square of another texture goes to the right."""
    ground, square = texture(*size, seed=seed), texture(16, 16, seed=seed + 100, px=4)
    frames = []
    for number in range(n):
        frame = ground.copy()
        left = (4 + number * step) % (size[1] - 16)
        frame[16:32, left : left + 16] = square
        frames.append(frame)
    return frames


def write_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    rate: int = 10,
    container: dict[str, str] | None = None,
    **settings: Any,
) -> Path:
    """Write frames as a video; the coding is that of `CODECS` for its name, else H.264.

    `container` are options of the file, `settings` attributes of the coding.
    """
    import av

    codec, options = CODECS.get(path.name, ("libx264", {"g": "12", "bf": "2"}))
    with av.open(str(path), "w", options=container or {}) as file:
        stream = file.add_stream(codec, rate=rate, options=options)
        stream.pix_fmt = "rgb8" if path.suffix == ".gif" else "yuv420p"
        for key, value in settings.items():
            setattr(stream.codec_context, key, value)
        for number, pixels in enumerate(frames):
            if number == 0:
                stream.height, stream.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path
