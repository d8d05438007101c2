"""Encoders of pairs: an image encoder and a text encoder side by side, in a stated mix.

A name says all of it: `pairs/0.5/efficientnet-lite0|all-MiniLM-L6-v2`; one name alone stands for both, such as a CLIP
model. Encoders of single images and texts stand beside this one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.encoder import Encoder, Progress
from data_engine.embedding.registry import EncoderEntry, load_encoder
from data_engine.errors import InvalidInput
from data_engine.images.items import images_for_encoder

_PREFIX = "pairs/"


@dataclass(frozen=True, eq=False)
class Pair:
    """An image and its caption, as an encoder of pairs is given them."""

    image: Any
    text: str
    modality: ClassVar[str] = "image_text"


def pairs_for_encoder(
    rows: Sequence[Mapping[str, Any]], contents: Iterable[bytes], options: Any, side_px: int
) -> list[Pair]:
    """The pairs of some rows of the raw index, their images reduced to `side_px` pixels."""
    images = images_for_encoder(rows, contents, options, side_px)
    return [Pair(image, row["text"] or "") for image, row in zip(images, rows, strict=True)]


def load_pairs(name: str) -> Encoder:
    """An encoder whose rows are those of an image and of a text, one behind the other.

    Each part is a unit row times the square root of its share, so that the cosine of two pairs is the mean of those of
    their images and of their captions, weighted by the shares.

    Raises: InvalidInput for a name without a share from 0 to 1, or an encoder of another kind of item.
    """
    share, image, text = _parsed(name)
    of_images, of_texts = load_encoder(image), load_encoder(text)
    for encoder, wanted in ((of_images, "image"), (of_texts, "text")):
        if encoder.modality not in (None, wanted):
            raise InvalidInput(
                f"the encoder {name!r} embeds {wanted}s by {encoder.name!r}, which takes {encoder.modality}s only; "
                "name one of images, then | and one of texts, or one that takes both"
            )

    def embed(pairs: Sequence[Pair], advance: Progress) -> NDArray[np.float32]:
        rows = np.hstack(
            [
                np.float32(share**0.5) * of_images.encode([pair.image for pair in pairs]),
                np.float32((1 - share) ** 0.5) * of_texts.encode([pair.text for pair in pairs]),
            ]
        )
        advance(len(pairs))
        return rows

    return Encoder(
        name=name,
        dim=of_images.dim + of_texts.dim,
        version=f"pairs-{share:g}-{of_images.version}|{of_texts.version}",
        _embed=embed,
        modality="image_text",
        max_side_px=of_images.max_side_px,
    )


def _parsed(name: str) -> tuple[float, str, str]:
    """The share of the image, and the names of both encoders."""
    said, _, both = name.removeprefix(_PREFIX).partition("/")
    image, _, text = both.partition("|")
    try:
        share = float(said)
    except ValueError:
        share = -1.0
    if not (0 <= share <= 1 and image):
        raise InvalidInput(
            f"the encoder {name!r} is none of pairs; write {_PREFIX}SHARE/IMAGE_ENCODER|TEXT_ENCODER with the image's "
            "share from 0 to 1, or give the two names as encoder and the shares as embedding.mix"
        )
    return share, image, text or image


PAIR_ENCODERS = (
    EncoderEntry("pairs/<share of the image>/<encoder>|<encoder>", "image_text", load_pairs, prefix=_PREFIX),
)
