"""From contents to embeddings: encoders by name, and embedding only what is not known yet.

Storing the vectors is up to `data_engine.storage`; the tree over them is in `data_engine.clustering`.
"""

from data_engine.embedding.caching import Embedded, embed_unique
from data_engine.embedding.encoder import Encoder
from data_engine.embedding.registry import encoder_names, load_encoder

__all__ = ["Embedded", "Encoder", "embed_unique", "encoder_names", "load_encoder"]
