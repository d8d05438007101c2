"""Images as the raw index tells of them, decoded in a process that may die of them.

Decoding itself is in `data_engine.images`; the samples that hold the bytes are made in `indexing/files.py`.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any, TypeVar

from data_engine.errors import SourceError
from data_engine.images import NO_MEMORY, THUMBNAIL_PX, DecodedImage, decode_each, decode_image, thumbnail
from data_engine.indexing.isolation.reader_process import IsolatedReader, Limits, ReaderKilled, borrowed_reader

T = TypeVar("T")

_MOST_OF_A_GROUP, _BYTES_OF_A_GROUP = 256, 16 << 20
_MOST_DEATHS = 200
_UNKNOWN_MEDIA_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class SeenImage:
    """What a decoded image shows, without its pixels; `error` where it could not be decoded."""

    media_type: str = _UNKNOWN_MEDIA_TYPE
    width_px: int | None = None
    height_px: int | None = None
    thumbnail: bytes | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


def see_each(
    items: Iterable[tuple[T, bytes | None]], max_pixels: int, limits: Limits
) -> Iterator[tuple[T, SeenImage | None]]:
    """Look at images in another process; items without bytes pass by.

    The reading of a group of items goes on while the group before is decoded. When the process dies over a group, the
    rest of that is decoded one by one, so that only the image that killed it is lost.

    Raises: SourceError when more than 200 images have killed the reader.
    """
    waiting: tuple[list[tuple[T, bytes | None]], Iterator[SeenImage]] | None = None
    with borrowed_reader() as reader:
        eye = _Eye(reader, max_pixels, limits)
        for group in _groups(items):
            if waiting is not None:
                yield from eye.looked_at(*waiting)
            waiting = group, eye.begin([content for _, content in group if content is not None])
        if waiting is not None:
            yield from eye.looked_at(*waiting)


def see_images(contents: Sequence[bytes], max_pixels: int, n_threads: int | None) -> Iterator[SeenImage]:
    """Decode images in this process; as many threads as cores when None, and none besides this one when 1."""
    if n_threads == 1:
        # A thread that starts when memory is short can hang.
        return (
            _seen(None, decode_image(content, max_pixels=max_pixels, longer_at_least_px=THUMBNAIL_PX))
            for content in contents
        )
    items = zip(repeat(None), contents, strict=False)
    return decode_each(items, _seen, max_pixels=max_pixels, longer_at_least_px=THUMBNAIL_PX, n_threads=n_threads)


def _seen(_: None, decoded: DecodedImage) -> SeenImage:
    small = None if decoded.image is None else thumbnail(decoded.image)
    return SeenImage(decoded.media_type, decoded.width_px, decoded.height_px, small, dict(decoded.notes), decoded.error)


@dataclass
class _Eye:
    """Looks at groups of images, and alone at those that a death of the reader left over."""

    reader: IsolatedReader
    max_pixels: int
    limits: Limits
    n_deaths: int = 0

    def begin(self, contents: list[bytes]) -> Iterator[SeenImage]:
        if not contents:
            return iter(())
        return self.reader.ask(see_images, contents, self.max_pixels, None, limits=self.limits)

    def looked_at(
        self, group: list[tuple[T, bytes | None]], begun: Iterator[SeenImage]
    ) -> Iterator[tuple[T, SeenImage | None]]:
        found: deque[SeenImage] = deque()
        with suppress(ReaderKilled):
            for seen in begun:
                found.append(seen)
        for item, content in group:
            if content is None:
                yield item, None
            elif found and found[0].error != NO_MEMORY:
                yield item, found.popleft()
            else:
                # It may be innocent: it was lost with another one, or shared the memory with others.
                if found:
                    found.popleft()
                    self.reader.close()
                yield item, self._alone(content)

    def _alone(self, content: bytes) -> SeenImage:
        try:
            (seen,) = self.reader.ask(see_images, [content], self.max_pixels, 1, limits=self.limits)
        except ReaderKilled as error:
            self.n_deaths += 1
            if self.n_deaths > _MOST_DEATHS:
                raise SourceError(
                    f"more than {_MOST_DEATHS} images of one batch ended the process that decodes them, the last time: "
                    f"{error}; take such files out of the source"
                ) from error
            return SeenImage(error=f"{error} while it decoded this image")
        if seen.error == NO_MEMORY:
            return replace(seen, error=f"needs more than {self.limits.n_bytes:,} bytes of memory; scale it down")
        return seen


def _groups(items: Iterable[tuple[T, bytes | None]]) -> Iterator[list[tuple[T, bytes | None]]]:
    group: list[tuple[T, bytes | None]] = []
    n_bytes = 0
    for item, content in items:
        group.append((item, content))
        n_bytes += len(content or b"")
        if len(group) == _MOST_OF_A_GROUP or n_bytes >= _BYTES_OF_A_GROUP:
            yield group
            group, n_bytes = [], 0
    if group:
        yield group
