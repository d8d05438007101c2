-- What each stage of annotation costs and how far it is to be trusted, with the seconds as a share of those of stage one.
-- grain: a question, a stage, and whether annotators were simulated
select
    question,
    stage_number,
    stage,
    is_simulated,
    n_samples,
    n_annotations,
    seconds_per_annotation,
    seconds_per_annotation / first_value(seconds_per_annotation) over stages as seconds_to_stage_one,
    edited_share,
    clicks_per_edited,
    as_stage_one,
    low,
    n_compared,
    missed_per_sample,
    guard_holds
from {{ ref('stg_annotation_stages') }}
window stages as (partition by question, is_simulated order by stage_number)
order by question, is_simulated, stage_number
