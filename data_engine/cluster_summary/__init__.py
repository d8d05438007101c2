"""Portraits of clusters: a name, a quality and examples for every cluster of a tree. Arrays in, one Arrow table out."""

from data_engine.cluster_summary.measures import MOST_MEASURED, ClusterMeasures, evenly_from_leaves, measure
from data_engine.cluster_summary.names import cluster_names
from data_engine.cluster_summary.silhouette import simplified_silhouette
from data_engine.cluster_summary.tables import leaf_names, portray

__all__ = [
    "MOST_MEASURED",
    "ClusterMeasures",
    "cluster_names",
    "evenly_from_leaves",
    "leaf_names",
    "measure",
    "portray",
    "simplified_silhouette",
]
