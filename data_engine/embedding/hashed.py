"""The weights-free fallback: hashed character n-grams. Near texts get near vectors; meaning is not known to it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.encoder import Encoder, Progress
from data_engine.errors import InvalidInput

_DIM = 256


def load_hashed(name: str) -> Encoder:
    """The fallback encoder, for trying a corpus out and for machines without a model."""
    return Encoder(name=name, dim=_DIM, version=f"{name}-{_DIM}-1", _embed=_embed)


def _embed(items: Sequence[str], advance: Progress) -> NDArray[np.float32]:
    from sklearn.feature_extraction.text import HashingVectorizer

    if not isinstance(items[0], str):
        raise InvalidInput("the encoder hashed-ngrams takes texts only; name an encoder of images")
    vectorizer = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=_DIM, alternate_sign=True)
    rows = vectorizer.transform(items).toarray().astype(np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows[norms[:, 0] == 0, 0] = 1.0
    norms[norms == 0] = 1.0
    advance(len(items))
    embedded: NDArray[np.float32] = rows / norms
    return embedded
