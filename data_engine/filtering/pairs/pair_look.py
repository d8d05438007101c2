"""A pair as the rules look at it: its caption, its image, and how well the two agree.

The rules are in `pair_rules.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from data_engine.duplicates.pairs import pair_sketch
from data_engine.errors import InvalidInput
from data_engine.filtering.rules.document import Document, documents
from data_engine.filtering.rules.looking import Looking
from data_engine.filtering.rules.media.image_look import LOOK_PX, ImageLook, look_at
from data_engine.images import DecodedImage, decode_each, shrunk

_PAIRS_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class PairLook:
    """A caption, its image, and the cosine between the two where an encoder of both was named."""

    document: Document
    image: ImageLook
    agreement: float | None = None

    @property
    def sketch(self) -> bytes:
        """Of both, for the search for duplicates."""
        return pair_sketch(self.image.sketch, self.document.text)

    @property
    def language(self) -> str | None:
        """The most probable language of the caption, where a rule has asked for it."""
        return self.document.language


def pair_looks(looking: Looking) -> Iterator[PairLook | None]:
    """The pairs of a raw index; None for one of which either part cannot be read.

    Raises: InvalidInput where `first_pass.agreement_encoder` names an encoder that does not take both.
    """
    name = getattr(looking.settings, "agreement_encoder", None)
    encoder = None if name is None else _encoder_of_both(name)
    side_px = 0 if encoder is None else encoder.max_side_px

    def look(_: object, decoded: DecodedImage) -> tuple[ImageLook | None, Any]:
        looking.progress(1)
        small = None if encoder is None or decoded.image is None else shrunk(decoded.image, side_px)
        return look_at(decoded), small

    items = ((None, content) for content in looking.contents())
    seen = decode_each(items, look, max_pixels=looking.options.max_pixels, longer_at_least_px=max(LOOK_PX, side_px))
    pairs = zip(documents(looking), seen, strict=True)
    while some := list(islice(pairs, _PAIRS_AT_ONCE)):
        whole = [(document, image, small) for document, (image, small) in some if document and image]
        cosines = iter([None] * len(whole) if encoder is None else _cosines(encoder, whole))
        for document, (image, _small) in some:
            yield PairLook(document, image, next(cosines)) if document and image else None


def _encoder_of_both(name: str) -> Any:
    from data_engine.embedding import load_encoder

    encoder = load_encoder(name)
    if encoder.modality is not None:
        raise InvalidInput(
            f"first_pass.agreement_encoder is {name!r}, which takes {encoder.modality}s only; name a model like CLIP, "
            "which embeds images and texts alike, or remove it together with the limit of the rule agreement"
        )
    return encoder


def _cosines(encoder: Any, pairs: Sequence[tuple[Document, ImageLook, Any]]) -> list[float]:
    """The cosine between caption and image of each."""
    if not pairs:
        return []
    texts = encoder.encode([document.text for document, _, _ in pairs])
    images = encoder.encode([small for _, _, small in pairs])
    return [float(cosine) for cosine in np.einsum("ij,ij->i", texts, images, dtype=np.float64)]
