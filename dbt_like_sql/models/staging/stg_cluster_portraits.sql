-- The name, the quality and examples of every cluster, as of its newest samples.
-- grain: a cluster of a level
select
    level,
    cluster,
    name,
    n_samples,
    silhouette,
    n_measured,
    nearest,
    border,
    tree_version
from {{ source('engine', 'cluster_portraits') }}
