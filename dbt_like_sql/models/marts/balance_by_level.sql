-- How evenly samples are spread over the clusters of each level, before (raw) and after (chosen) the balanced
-- sampling. KL divergence of the cluster shares to equal shares in nats, and Gini coefficient of the cluster sizes:
-- 0 is perfectly even. Null where there is nothing to measure.
-- grain: a level
with clusters as (
    select
        level,
        n_samples,
        n_chosen,
        count(*) over (partition by level) as n_clusters,
        n_samples / nullif(sum(n_samples) over (partition by level), 0) as share_raw,
        n_chosen / nullif(sum(n_chosen) over (partition by level), 0) as share_chosen,
        row_number() over (partition by level order by n_samples) as rank_raw,
        row_number() over (partition by level order by n_chosen) as rank_chosen
    from {{ ref('int_cluster_counts') }}
)

select
    level,
    n_clusters,
    count(*) filter (where n_chosen > 0) as n_clusters_chosen,
    cast(sum(n_samples) as bigint) as n_samples,
    cast(sum(n_chosen) as bigint) as n_chosen,
    max(share_raw) as largest_share_raw,
    max(share_chosen) as largest_share_chosen,
    sum(case when share_raw > 0 then share_raw * ln(share_raw * n_clusters) when share_raw = 0 then 0 end)
        as kl_to_uniform_raw,
    sum(case when share_chosen > 0 then share_chosen * ln(share_chosen * n_clusters) when share_chosen = 0 then 0 end)
        as kl_to_uniform_chosen,
    sum((2 * rank_raw - n_clusters - 1) * share_raw) / n_clusters as gini_raw,
    sum((2 * rank_chosen - n_clusters - 1) * share_chosen) / n_clusters as gini_chosen
from clusters
group by level, n_clusters
order by level
