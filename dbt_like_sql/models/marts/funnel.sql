-- How many samples of a batch each reason of the first pass kept or rejected; held: what a held batch kept.
-- grain: a batch and a reason
select
    batch,
    verdict,
    reason,
    count(*) as n_samples,
    count(*) / sum(count(*)) over (partition by batch) as share_of_batch
from {{ ref('int_first_pass') }}
group by batch, verdict, reason
order by batch, n_samples desc, reason
