"""From contents to embeddings: encoders by name, and embedding only what is not known yet."""

from data_engine.embedding.caching import Embedded, embed_unique
from data_engine.embedding.encoder import Encoder, load_encoder

__all__ = ["Embedded", "Encoder", "embed_unique", "load_encoder"]
