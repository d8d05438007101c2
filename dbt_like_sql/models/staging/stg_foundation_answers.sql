-- What the foundation model answered, with tokens, seconds and cost.
-- grain: a sample and the purpose that it was asked for
select
    sample_id,
    purpose,
    model,
    label,
    confidence,
    failure,
    expected,
    n_calls,
    tokens_in,
    tokens_out,
    cost,
    seconds
from {{ source('engine', 'foundation_answers') }}
