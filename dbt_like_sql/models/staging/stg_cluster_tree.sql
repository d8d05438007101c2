-- The clusters of every level; the centroids stay in the table.
-- grain: a cluster of a level
select
    level,
    cluster,
    parent,
    n_samples,
    tree_version
from {{ source('engine', 'cluster_tree') }}
