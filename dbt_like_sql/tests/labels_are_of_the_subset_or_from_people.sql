-- Each labelled sample has one label, and is chosen, or says that it is not and was answered by somebody.
select
    labels.sample_id,
    count(*) as n_labels
from {{ ref('stg_labels') }} as labels
left join {{ ref('stg_balanced_subset') }} as subset on labels.sample_id = subset.sample_id
group by labels.sample_id
having
    count(*) <> 1
    or bool_or(labels.in_subset <> (subset.sample_id is not null))
    or bool_or(subset.sample_id is null and labels.n_annotations = 0)
