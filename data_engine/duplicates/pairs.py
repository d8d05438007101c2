"""Near-duplicate pairs of an image and its caption: both have to be alike.

Candidates and the similarity of images are those of `images/`; captions are compared by their sketches of `texts/`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data_engine.duplicates.images.search import ImageTwin, find_image_twins
from data_engine.duplicates.images.sketch import SKETCH_BYTES as IMAGE_BYTES
from data_engine.duplicates.texts.minhash import SKETCH_BYTES as CAPTION_BYTES
from data_engine.duplicates.texts.minhash import Sketches
from data_engine.errors import InvalidInput

PAIR_BYTES = IMAGE_BYTES + CAPTION_BYTES


def pair_sketch(image: bytes, caption: str) -> bytes:
    """The sketch of an image and that of its caption, one behind the other."""
    return image + Sketches.of([caption]).row_bytes(0)


def stacked_pairs(sketches: Sequence[bytes]) -> NDArray[np.uint8]:
    """(n, 1576) the bytes of sketches of pairs.

    Raises: InvalidInput when one has another length than this code writes.
    """
    wrong = next((len(sketch) for sketch in sketches if len(sketch) != PAIR_BYTES), None)
    if wrong is not None:
        raise InvalidInput(
            f"a sketch of a pair has {wrong} bytes, {PAIR_BYTES} are written by this version; run first_pass again"
        )
    return np.frombuffer(b"".join(sketches), dtype=np.uint8).reshape(-1, PAIR_BYTES)


def images_of(sketches: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, 1064) the sketches of the images of (n, 1576)."""
    return np.ascontiguousarray(sketches[:, :IMAGE_BYTES])


def find_pair_twins(
    sketches: Sequence[bytes], *, image_threshold: float, text_threshold: float, accepted: Sequence[bytes] = ()
) -> list[ImageTwin | None]:
    """The kept pair that each one nearly repeats, or None for those to keep, as `find_image_twins` gives it.

    Args:
        sketches: Of the batch, in order of precedence.
        image_threshold: Similarity of images at and above which they may repeat each other.
        text_threshold: Share of equal values of the signatures, which estimates the Jaccard similarity of the words
            (its standard error is at most 0.045), at and above which captions do; other numbers are another caption.
        accepted: Of the pairs that were kept before.
    """
    rows = stacked_pairs([*accepted, *sketches])
    captions = Sketches.from_rows(np.ascontiguousarray(rows[:, IMAGE_BYTES:]))

    def alike(number: int, others: NDArray[np.int64]) -> NDArray[np.bool_]:
        shares = (captions.signatures[others] == captions.signatures[number]).mean(axis=1)
        same: NDArray[np.bool_] = (shares >= text_threshold) & (captions.numbers[others] == captions.numbers[number])
        return same

    images = [row.tobytes() for row in images_of(rows)]
    n_accepted = len(accepted)
    return find_image_twins(images[n_accepted:], threshold=image_threshold, accepted=images[:n_accepted], also=alike)
