"""Further encoders of texts without weights, for tests in which a corpus changes its encoder."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from data_engine.embedding import registry
from data_engine.embedding.encoder import Encoder, Progress
from data_engine.embedding.registry import EncoderEntry, load_encoder

#: Of another dimension than `hashed-ngrams`, and of the same one with axes of its own.
SHORTER, TURNED = "turned-128", "turned-256"


def register_other_encoders(patch: pytest.MonkeyPatch) -> None:
    """`turned-128` and `turned-256`: the vectors of hashed-ngrams, turned, of which so many values stay."""
    patch.setattr(registry, "ENCODERS", (*registry.ENCODERS, turned(SHORTER, 128, 1), turned(TURNED, 256, 2)))


def turned(name: str, dim: int, seed: int, *, version: str = "1") -> EncoderEntry:
    """The entry of an encoder whose vectors are those of hashed-ngrams in other axes."""
    axes = np.linalg.qr(np.random.default_rng(seed).normal(size=(256, 256)))[0][:, :dim].astype(np.float32)

    def embed(items: Sequence[str], advance: Progress) -> NDArray[np.float32]:
        rows = load_encoder("hashed-ngrams").encode(items) @ axes
        advance(len(items))
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def load(given: str) -> Encoder:
        return Encoder(name=given, dim=dim, version=f"{given}-{version}", _embed=embed, modality="text")

    return EncoderEntry(name, "text", load)
