-- How many samples needed the foundation model, round by round.
-- grain: a version of the classifier
select
    classifier_version,
    n_samples,
    n_needing,
    n_hold_out,
    n_hold_out_needing,
    n_accepted,
    n_asked,
    n_calls,
    tokens_in,
    tokens_out,
    seconds,
    cost
from {{ source('engine', 'foundation_rounds') }}
