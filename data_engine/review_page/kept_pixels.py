"""KeptPixels: decoded images that are needed again with the next click, within a limit of memory.

They are decoded in `runtime/review_page/sample_images.py`.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from data_engine.review_page.page_corpus import ImagePixels

MOST_BYTES = 256 * 1024 * 1024


class KeptPixels:
    """The pixels that were used last; each image is decoded once, also when two ask for it at the same time.

    Args:
        most_bytes: Of all pixels together; the one that was used last stays whatever its size.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Future[ImagePixels]] = OrderedDict()

    def get(self, key: Hashable, load: Callable[[], ImagePixels]) -> ImagePixels:
        """The pixels of an image, decoded now unless they are kept. What `load` raises is raised, and not kept."""
        with self._lock:
            found = self._kept.get(key)
            is_mine = found is None
            if found is None:
                found = self._kept[key] = Future()
            self._kept.move_to_end(key)
        if is_mine:
            try:
                found.set_result(load())
            except BaseException as error:
                with self._lock:
                    self._kept.pop(key, None)
                found.set_exception(error)
                raise
            self._forget_oldest()
        return found.result()

    def _forget_oldest(self) -> None:
        with self._lock:
            sizes = {key: each.result().pixels.nbytes for key, each in self._kept.items() if each.done()}
            for key in list(sizes)[:-1]:
                if sum(sizes.values()) <= self._most_bytes:
                    return
                del self._kept[key]
                del sizes[key]
