-- A sample that was rejected as a duplicate names a twin that was kept, held batches aside.
select
    duplicates.sample_id,
    duplicates.uri,
    duplicates.duplicate_of
from {{ ref('int_first_pass') }} as duplicates
where
    duplicates.is_duplicate
    and not duplicates.is_held
    and duplicates.duplicate_of not in (select kept.sample_id from {{ ref('int_first_pass') }} as kept where kept.is_kept)
