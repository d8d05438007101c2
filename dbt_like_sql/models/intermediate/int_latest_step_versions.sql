-- What each step wrote last for each of its partitions.
-- grain: a step and a partition
select
    step,
    batch,
    data_version,
    table_version,
    n_rows,
    seconds,
    run_id,
    written_at
from {{ ref('stg_step_versions') }}
qualify row_number() over (partition by step, batch order by written_at desc, table_version desc) = 1
