-- The verdict of the first pass on every raw sample as it counts: what a held batch kept is held, and not kept.
-- grain: a raw sample (uri)
select
    judged.sample_id,
    judged.batch,
    judged.uri,
    case when judged.is_kept and held.batch is not null then 'held' else judged.verdict end as verdict,
    case when judged.is_kept and held.batch is not null then 'held' else judged.reason end as reason,
    judged.duplicate_of,
    judged.language,
    judged.signals,
    judged.is_kept and held.batch is null as is_kept,
    judged.is_duplicate,
    held.batch is not null as is_held
from {{ ref('stg_first_pass') }} as judged
left join {{ ref('int_held_batches') }} as held on judged.batch = held.batch
