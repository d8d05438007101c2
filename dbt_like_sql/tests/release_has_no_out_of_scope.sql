-- Samples whose label says that they do not belong here are not released, nor any that the ledger holds back.
select
    released.sample_id,
    released.label,
    ledger.verdict
from {{ ref('stg_release') }} as released
left join {{ ref('stg_ledger') }} as ledger on released.sample_id = ledger.sample_id and ledger.step = 'release'
where released.label = '{{ var("out_of_scope", "out_of_scope") }}' or ledger.verdict <> 'released'
