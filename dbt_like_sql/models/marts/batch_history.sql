-- What became of each ingestion batch, when it came, and which content its tables hold. What a batch kept that its
-- checks hold back is held, and not kept. Null where a step has not seen the batch yet.
-- grain: an ingestion batch
with raw as (
    select
        batch,
        count(*) as n_raw,
        count(*) filter (where not is_readable) as n_unreadable,
        min(arrived_at) as first_arrived_at,
        max(arrived_at) as last_arrived_at
    from {{ ref('stg_raw_index') }}
    group by batch
),

judged as (
    select
        batch,
        count(*) filter (where is_kept) as n_kept,
        count(*) filter (where verdict = 'held') as n_held
    from {{ ref('int_first_pass') }}
    group by batch
),

embedded as (
    select
        batch,
        count(*) as n_embedded
    from {{ ref('stg_embeddings') }}
    group by batch
),

compared as (
    select
        batch,
        min(p_value) as drift_p_value,
        bool_or(is_alarm) as is_alarm,
        coalesce(bool_or(is_suspect), false) as is_suspect
    from {{ ref('stg_drift_report') }}
    group by batch
),

-- Two suspect batches in a row are an alarm, too; one that could not be compared is passed over.
drift as (
    select
        batch,
        drift_p_value,
        case
            when drift_p_value is null then is_alarm
            else is_alarm or (
                is_suspect
                and lag(is_suspect, 1, false) over (partition by drift_p_value is null order by batch)
            )
        end as is_drift_alarm
    from compared
),

written as (
    select
        batch,
        max(written_at) as last_written_at,
        max(case when step = 'raw_index' then data_version end) as raw_index_data_version,
        max(case when step = 'first_pass' then data_version end) as first_pass_data_version,
        max(case when step = 'embeddings' then data_version end) as embeddings_data_version
    from {{ ref('int_latest_step_versions') }}
    where step in ('raw_index', 'first_pass', 'embeddings', 'drift_report')
    group by batch
)

select
    raw.batch,
    raw.n_raw,
    raw.n_unreadable,
    judged.n_kept,
    judged.n_held,
    held.failed_checks as held_by,
    embedded.n_embedded,
    drift.drift_p_value,
    drift.is_drift_alarm,
    raw.first_arrived_at,
    raw.last_arrived_at,
    written.last_written_at,
    written.raw_index_data_version,
    written.first_pass_data_version,
    written.embeddings_data_version
from raw
left join judged on raw.batch = judged.batch
left join embedded on raw.batch = embedded.batch
left join drift on raw.batch = drift.batch
left join written on raw.batch = written.batch
left join {{ ref('int_held_batches') }} as held on raw.batch = held.batch
order by raw.batch
