-- What each stage of annotation costs, and how far it agrees with answers that saw no proposal.
-- grain: a question, a stage, and whether annotators were simulated
select
    question,
    kind,
    stage_number,
    stage,
    is_simulated,
    n_samples,
    n_annotations,
    seconds_per_annotation,
    edited_share,
    clicks_per_edited,
    as_stage_one,
    low,
    high,
    n_compared,
    missed_per_sample,
    target,
    guard_holds
from {{ source('engine', 'annotation_stages') }}
