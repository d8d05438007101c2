"""Cluster trees: k-means, hierarchical k-means with resampling, and their tables. Arrays in, frozen objects out."""

from data_engine.clustering.devices import device_for
from data_engine.clustering.kernel_choice import fastest_kernel
from data_engine.clustering.levels import SuggestedLevels, resample_sizes_for, suggest_levels
from data_engine.clustering.lloyd import KMeans, kmeans
from data_engine.clustering.seeding import seeding_for
from data_engine.clustering.tree import ClusterTree, Level, Membership, assign, assign_with_distance, with_samples
from data_engine.clustering.tree_builder import build_tree
from data_engine.clustering.tree_tables import tree_from_tables, tree_of, tree_to_tables

__all__ = [
    "ClusterTree",
    "KMeans",
    "Level",
    "Membership",
    "SuggestedLevels",
    "assign",
    "assign_with_distance",
    "build_tree",
    "device_for",
    "fastest_kernel",
    "kmeans",
    "resample_sizes_for",
    "seeding_for",
    "suggest_levels",
    "tree_from_tables",
    "tree_of",
    "tree_to_tables",
    "with_samples",
]
