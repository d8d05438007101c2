-- The samples that go before the subset is chosen, because a twin that stays says nearly the same.
-- grain: a semantic duplicate
select
    sample_id,
    batch,
    duplicate_of,
    score,
    threshold
from {{ source('engine', 'semantic_duplicates') }}
