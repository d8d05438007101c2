-- No content is kept twice, neither within a batch nor in two batches.
select
    sample_id,
    count(*) as n_kept,
    min(batch) as first_batch,
    max(batch) as last_batch
from {{ ref('int_first_pass') }}
where is_kept
group by sample_id
having count(*) > 1
