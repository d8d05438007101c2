-- The chosen samples, with the quota of their leaf and the reason.
-- grain: a chosen sample
select
    sample_id,
    batch,
    leaf,
    top_cluster,
    leaf_size,
    quota,
    reason,
    tree_version
from {{ source('engine', 'balanced_subset') }}
