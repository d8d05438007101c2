-- What the first pass and the tree say of each kept sample before anybody has looked: language, topic, colourfulness.
-- grain: a kept sample
select
    judged.sample_id,
    judged.batch,
    judged.uri,
    judged.language,
    judged.signals['language_probability'] as language_probability,
    leaves.name as topic,
    top_clusters.name as broad_topic,
    judged.signals['colourless'] as colourfulness,
    judged.signals['lying'] as lying
from {{ ref('int_first_pass') }} as judged
left join {{ ref('stg_tree_assignments') }} as assigned on judged.sample_id = assigned.sample_id
left join {{ ref('stg_cluster_portraits') }} as leaves
    on
        assigned.leaf = leaves.cluster
        and assigned.tree_version = leaves.tree_version
        and leaves.level = 1
left join {{ ref('int_tree_ancestors') }} as above
    on
        assigned.leaf = above.leaf
        and assigned.tree_version = above.tree_version
        and above.level = (select max(tree.level) from {{ ref('stg_cluster_tree') }} as tree)
left join {{ ref('stg_cluster_portraits') }} as top_clusters
    on
        above.cluster = top_clusters.cluster
        and above.tree_version = top_clusters.tree_version
        and above.level = top_clusters.level
where judged.is_kept
order by judged.sample_id
