-- The first pass judges only samples that the raw index has.
select
    verdicts.batch,
    verdicts.uri,
    verdicts.sample_id
from {{ ref('stg_first_pass') }} as verdicts
left join {{ ref('stg_raw_index') }} as raw
    on verdicts.batch = raw.batch and verdicts.uri = raw.uri and verdicts.sample_id = raw.sample_id
where raw.uri is null
