-- Samples and chosen samples below every cluster of the tree; a cluster that nothing was chosen from counts 0.
-- Only samples that were assigned to this very tree count.
-- grain: a cluster of a level
with assigned as (
    select
        ancestors.level,
        ancestors.cluster,
        ancestors.tree_version,
        count(*) as n_samples
    from {{ ref('stg_tree_assignments') }} as assignments
    inner join {{ ref('int_tree_ancestors') }} as ancestors
        on assignments.tree_version = ancestors.tree_version and assignments.leaf = ancestors.leaf
    group by ancestors.level, ancestors.cluster, ancestors.tree_version
),

chosen as (
    select
        ancestors.level,
        ancestors.cluster,
        ancestors.tree_version,
        count(*) as n_chosen
    from {{ ref('stg_balanced_subset') }} as subset
    inner join {{ ref('int_tree_ancestors') }} as ancestors
        on subset.tree_version = ancestors.tree_version and subset.leaf = ancestors.leaf
    group by ancestors.level, ancestors.cluster, ancestors.tree_version
)

select
    tree.tree_version,
    tree.level,
    tree.cluster,
    coalesce(assigned.n_samples, 0) as n_samples,
    coalesce(chosen.n_chosen, 0) as n_chosen
from {{ ref('stg_cluster_tree') }} as tree
left join assigned
    on
        tree.level = assigned.level
        and tree.cluster = assigned.cluster
        and tree.tree_version = assigned.tree_version
left join chosen
    on
        tree.level = chosen.level
        and tree.cluster = chosen.cluster
        and tree.tree_version = chosen.tree_version
