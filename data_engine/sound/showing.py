"""Sounds out of a source for those who look and listen: encoders, pages and people.

What is drawn is in `drawing.py`, what a browser can play in `playing.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data_engine.errors import ContentMissing
from data_engine.sound.clip import Clip
from data_engine.sound.drawing import drawn
from data_engine.sound.opening import UnreadableSound
from data_engine.sound.playing import playable
from data_engine.sound.reading import decoded

if TYPE_CHECKING:
    from data_engine.images import DecodedImage

#: Small enough to be kept as a PNG.
_WIDTH_PX, _HEIGHT_PX = 600, 264


def clips_for_encoder(
    rows: Sequence[Mapping[str, Any]], contents: Iterable[bytes], _options: Any, _side_px: int
) -> list[Clip]:
    """The clips at rows of the raw index, in their order. Raises: ContentMissing where one cannot be decoded."""
    return [_clip(content, row) for row, content in zip(rows, contents, strict=True)]


def shown_sound(content: bytes, _row: Mapping[str, Any], _options: Any, **_how: Any) -> "DecodedImage":
    """The wave and the spectrogram of a sound, or why there is none."""
    from data_engine.images import DecodedImage, drawing

    try:
        return drawing(drawn(decoded(content), _WIDTH_PX, _HEIGHT_PX))
    except UnreadableSound as error:
        return DecodedImage(None, error=str(error))


def played_sound(content: bytes, row: Mapping[str, Any], _options: Any) -> tuple[str, bytes]:
    """Media type and bytes that a browser plays. Raises: ContentMissing where the sound cannot be decoded."""
    return "audio/wav", playable(_clip(content, row))


def _clip(content: bytes, row: Mapping[str, Any]) -> Clip:
    try:
        return decoded(content)
    except UnreadableSound as error:
        raise ContentMissing(f"sound {row['uri']} cannot be decoded any more: {error}") from error
