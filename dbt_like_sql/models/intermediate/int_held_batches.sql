-- The ingestion batches that the checks of the first pass hold back, with the checks that fail. What such a batch kept
-- is not accepted: no later step reads it, and no other batch is compared with it.
-- grain: a held ingestion batch
select
    checks.batch,
    string_agg(checks.check_name, ', ' order by checks.check_name) as failed_checks
from {{ ref('stg_check_results') }} as checks
inner join {{ ref('int_latest_step_versions') }} as versions
    on
        checks.step = versions.step
        and checks.batch = versions.batch
        -- A result holds for the rows that it was given for; behind them stands the version of the rules.
        and starts_with(checks.data_version, versions.data_version || ':')
where checks.step = 'first_pass' and checks.is_blocking and not checks.passed
group by checks.batch
