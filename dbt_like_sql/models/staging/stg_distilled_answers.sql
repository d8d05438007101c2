-- The accepted answers of the foundation model that the classifier may learn from; withdrawn ones teach no more.
-- grain: a sample
select
    sample_id,
    model,
    label,
    confidence,
    gate_lower_bound,
    is_simulated,
    withdrawn
from {{ source('engine', 'distilled_answers') }}
