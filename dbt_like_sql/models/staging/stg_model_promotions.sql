-- What people decided about the micro-model in service: who, when and why.
-- grain: a decision
select
    number,
    action,
    classifier_version,
    replaced,
    decided_by,
    decided_at,
    reason
from {{ source('engine', 'model_promotions') }}
