-- Only chosen samples have a label, and each has one.
select
    labels.sample_id,
    count(*) as n_labels
from {{ ref('stg_labels') }} as labels
left join {{ ref('stg_balanced_subset') }} as subset on labels.sample_id = subset.sample_id
group by labels.sample_id
having count(*) <> 1 or count(subset.sample_id) <> 1
