-- Every raw sample of a batch that the first pass has judged has exactly one verdict.
select
    raw.batch,
    raw.uri,
    count(verdicts.uri) as n_verdicts
from {{ ref('stg_raw_index') }} as raw
left join {{ ref('stg_first_pass') }} as verdicts on raw.batch = verdicts.batch and raw.uri = verdicts.uri
where raw.batch in (select batch from {{ ref('stg_first_pass') }})
group by raw.batch, raw.uri
having count(verdicts.uri) <> 1
