-- Every raw sample of a batch that the first pass has judged has a decision of the first pass in the ledger.
select
    raw.batch,
    raw.uri,
    raw.sample_id
from {{ ref('stg_raw_index') }} as raw
left join {{ ref('stg_ledger') }} as ledger
    on raw.sample_id = ledger.sample_id and ledger.step = 'first_pass' and raw.batch = ledger.batch
where raw.batch in (select batch from {{ ref('stg_first_pass') }}) and ledger.sample_id is null
