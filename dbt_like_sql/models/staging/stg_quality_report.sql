-- The metrics of the quality report with their intervals.
-- grain: a metric and a scope
select
    metric,
    scope,
    value,
    low,
    high,
    n,
    unit,
    direction,
    note
from {{ source('engine', 'quality_report') }}
