"""Work of a step on several machines by Ray, with the result that one machine gives, bit for bit."""

from data_engine.compute.choice import ComputeChoice
from data_engine.compute.embedding_pool import EmbeddingWork, fill_cache
from data_engine.compute.engines import LocalEngine
from data_engine.compute.kmeans_shards import sharded_levels, tree_device

__all__ = ["ComputeChoice", "EmbeddingWork", "LocalEngine", "fill_cache", "sharded_levels", "tree_device"]
