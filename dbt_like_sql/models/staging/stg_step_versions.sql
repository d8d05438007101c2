-- What each step last wrote for each of its partitions.
-- Steps without partitions have the empty batch, which Delta itself keeps as null.
-- grain: a step and a partition
select
    step,
    coalesce(batch, '') as batch,
    data_version,
    code_version,
    input_version,
    table_version,
    n_rows,
    seconds,
    run_id,
    written_at,
    table_versions
from {{ source('engine', 'step_versions') }}
