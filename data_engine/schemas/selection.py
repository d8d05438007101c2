"""Schemas of the cluster tree and of the balanced subset.

All tables by name are in the package itself.
"""

import pyarrow as pa

from data_engine.schemas.fields import BATCH, SAMPLE, optional, required

CLUSTER_TREE = pa.schema(
    [
        required("level", pa.int32(), "1 is the finest"),
        required("cluster", pa.int32(), "number of the cluster within its level, from 0"),
        optional("parent", pa.int32(), "cluster of the next level; null at the top"),
        required("n_samples", pa.int64(), "samples below this cluster"),
        required("centroid", pa.binary(), "float32 bytes"),
        required("tree_version", pa.string(), "fingerprint of the centroids of all levels"),
    ]
)

TREE_ASSIGNMENTS = pa.schema(
    [
        SAMPLE,
        BATCH,
        required("leaf", pa.int32(), "cluster of level 1"),
        required("distance", pa.float32(), "squared L2 distance to the centroid of the leaf"),
        required("tree_version", pa.string(), "the tree that it was assigned to"),
    ]
)

CLUSTER_PORTRAITS = pa.schema(
    [
        required("level", pa.int32(), "1 is the finest"),
        required("cluster", pa.int32(), "number of the cluster within its level, from 0"),
        optional("name", pa.string(), "its most typical terms; null where its samples have no texts"),
        required("n_samples", pa.int64(), "samples below this cluster now"),
        optional(
            "silhouette",
            pa.float64(),
            "mean simplified silhouette of its samples in [-1, 1], higher is clearer; null below two samples",
        ),
        required("n_measured", pa.int64(), "samples that the silhouette is taken from"),
        required("nearest", pa.list_(pa.string()), "sample ids nearest to the centroid, the nearest first"),
        required("border", pa.list_(pa.string()), "sample ids of the lowest silhouette, the lowest first"),
        required("tree_version", pa.string(), "the tree that it is about"),
    ]
)

TREE_EXPLANATION = pa.schema(
    [
        required("line", pa.int32(), "place of the sentence, from 1"),
        required("sentence", pa.string(), "why the tree has the levels that it has"),
        required("n_built", pa.int64(), "samples that the tree was built on"),
        optional("target_size", pa.int64(), "subset.target_size that the levels were chosen for; null where for none"),
        required("tree_version", pa.string(), "the tree that it is about"),
    ]
)

BALANCED_SUBSET = pa.schema(
    [
        SAMPLE,
        BATCH,
        required("leaf", pa.int32(), "cluster of level 1"),
        required("top_cluster", pa.int32(), "cluster of the coarsest level"),
        required("leaf_size", pa.int64(), "samples in the leaf"),
        required("quota", pa.int64(), "samples chosen from the leaf"),
        required("reason", pa.string(), "why it was chosen, as a sentence"),
        required("tree_version", pa.string(), "the tree that the quotas come from"),
    ]
)

SEMANTIC_DUPLICATES = pa.schema(
    [
        SAMPLE,
        BATCH,
        required("duplicate_of", pa.string(), "sample_id of the twin, which stays"),
        required("score", pa.float64(), "cosine of the two embeddings"),
        required("threshold", pa.float64(), "cosine at and above which a sample goes"),
    ]
)

SUBSET_COMPARISON = pa.schema(
    [
        required("method", pa.string(), "how the subset was chosen; see subset.method"),
        required("draw", pa.int32(), "which of several subsets of the method, from 0"),
        required("counted_over", pa.string(), "what the balance is counted over: known labels, top clusters or leaves"),
        required("kl", pa.float64(), "Kullback-Leibler divergence to uniform in nats; 0 is perfectly even"),
        required("largest_share", pa.float64(), "share of the subset in its largest group"),
        required("n_covered", pa.int64(), "groups with at least one chosen sample"),
        required("n_groups", pa.int64(), "groups that exist"),
        required("n_samples", pa.int64(), "chosen samples of known group"),
        required("seconds", pa.float64(), "wall seconds of choosing, without the corpus' own tree"),
    ]
)

SUBSET_PROOF = pa.schema(
    [
        required("method", pa.string(), "how the subset was chosen; see subset.method"),
        optional("evenness", pa.float64(), "subset.evenness, which only balanced looks at; null: as the pool needs"),
        required("draw", pa.int32(), "which split into held-out samples and pool, from 0"),
        required("n_chosen", pa.int64(), "samples chosen from the pool of this draw"),
        required("n_held_out", pa.int64(), "samples that were kept out of the pool"),
        optional("n_classes", pa.int64(), "known labels that are judged; null where none are known"),
        optional("macro_accuracy", pa.float64(), "mean over the labels of the share of held-out samples got right"),
        optional("rare_recall", pa.float64(), "the same over the rarest third of the labels"),
        optional("class_coverage", pa.float64(), "share of the labels with a chosen sample"),
        optional("kl", pa.float64(), "Kullback-Leibler divergence of the chosen labels to uniform in nats"),
        required("distance", pa.float64(), "mean of 1 - cosine of each held-out sample to the nearest chosen one"),
    ]
)
