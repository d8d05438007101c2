-- Every assigned and every chosen sample lies in a leaf of the tree that it names.
with placed as (
    select
        sample_id,
        leaf,
        tree_version
    from {{ ref('stg_tree_assignments') }}
    union all
    select
        sample_id,
        leaf,
        tree_version
    from {{ ref('stg_balanced_subset') }}
)

select
    placed.sample_id,
    placed.leaf,
    placed.tree_version
from placed
left join {{ ref('stg_cluster_tree') }} as tree
    on placed.tree_version = tree.tree_version and placed.leaf = tree.cluster and tree.level = 1
where tree.cluster is null
