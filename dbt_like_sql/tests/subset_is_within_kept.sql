-- Only samples that the first pass kept are chosen, each once.
select
    subset.sample_id,
    count(*) as n_chosen,
    count(kept.sample_id) as n_kept
from {{ ref('stg_balanced_subset') }} as subset
left join {{ ref('int_first_pass') }} as kept on subset.sample_id = kept.sample_id and kept.is_kept
group by subset.sample_id
having count(*) <> 1 or count(kept.sample_id) <> 1
