-- What each step cost when it last wrote its partitions: runs, rows and wall seconds of its own work.
-- grain: a step
select
    step,
    count(distinct run_id) as n_runs,
    count(*) as n_partitions,
    cast(sum(n_rows) as bigint) as n_rows,
    sum(seconds) as seconds,
    max(written_at) as last_written_at
from {{ ref('int_latest_step_versions') }}
group by step
order by seconds desc, step
