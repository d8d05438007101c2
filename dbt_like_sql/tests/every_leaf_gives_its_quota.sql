-- As many samples are chosen from a leaf as its quota says, and never more than it holds.
select
    leaf,
    min(quota) as quota,
    min(leaf_size) as leaf_size,
    count(*) as n_chosen
from {{ ref('stg_balanced_subset') }}
group by leaf
having count(*) <> min(quota) or min(quota) <> max(quota) or min(quota) > min(leaf_size)
