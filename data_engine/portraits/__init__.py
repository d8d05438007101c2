"""Portraits of clusters: a name, a quality and examples for every cluster of a tree. Arrays in, one Arrow table out."""

from data_engine.portraits.names import cluster_names
from data_engine.portraits.silhouette import simplified_silhouette
from data_engine.portraits.tables import leaf_names, portray

__all__ = ["cluster_names", "leaf_names", "portray", "simplified_silhouette"]
