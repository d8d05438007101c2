-- What is left of the raw samples after each stage. raw: read from the source. kept: passed the filters, duplicates
-- still among them, in a batch that is not held. unique: not a duplicate either. chosen: in the balanced subset. labelled: of these, has a label.
-- released: of these, in the newest release. Labels that are kept outside the subset are in release_contents.
-- grain: a stage
with counts as (
    select
        1 as stage_number,
        'raw' as stage,
        count(*) as n_samples
    from {{ ref('stg_raw_index') }}
    union all
    select
        2,
        'kept',
        count(*) filter (where is_kept or (is_duplicate and not is_held))
    from {{ ref('int_first_pass') }}
    union all
    select
        3,
        'unique',
        count(*) filter (where is_kept)
    from {{ ref('int_first_pass') }}
    union all
    select
        4,
        'chosen',
        count(*)
    from {{ ref('stg_balanced_subset') }}
    union all
    select
        5,
        'labelled',
        count(distinct sample_id) filter (where in_subset)
    from {{ ref('stg_labels') }}
    -- A corpus without labels has no such stage; one with several questions has several labels of a sample.
    having count(*) > 0
    union all
    select
        6,
        'released',
        count(*) filter (where in_subset)
    from {{ ref('stg_release') }}
)

select
    counts.stage_number,
    counts.stage,
    counts.n_samples,
    counts.n_samples / raw.n_samples as share_of_raw,
    lag(counts.n_samples) over (order by counts.stage_number) - counts.n_samples as n_dropped
from counts
inner join counts as raw on raw.stage_number = 1
where raw.n_samples > 0
order by counts.stage_number
