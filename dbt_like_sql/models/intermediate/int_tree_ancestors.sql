-- The cluster of every level that a leaf lies in, the leaf itself included.
-- grain: a leaf and a level
with recursive ancestors as (
    select
        tree_version,
        cluster as leaf,
        level,
        cluster,
        parent
    from {{ ref('stg_cluster_tree') }}
    where level = 1
    union all
    select
        below.tree_version,
        below.leaf,
        above.level,
        above.cluster,
        above.parent
    from ancestors as below
    inner join {{ ref('stg_cluster_tree') }} as above
        on
            below.tree_version = above.tree_version
            and below.level + 1 = above.level
            and below.parent = above.cluster
)

select
    tree_version,
    leaf,
    level,
    cluster
from ancestors
