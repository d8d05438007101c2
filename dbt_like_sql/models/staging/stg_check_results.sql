-- The results of the checks that were kept, by which a batch is accepted or held.
-- Steps without partitions have the empty batch, which Delta itself keeps as null.
-- grain: a check of a step's partition
select
    step,
    coalesce(batch, '') as batch,
    data_version,
    "check" as check_name,
    passed,
    is_blocking,
    detail,
    n_offending,
    run_id,
    checked_at
from {{ source('engine', 'check_results') }}
