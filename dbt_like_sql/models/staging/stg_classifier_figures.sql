-- What the hold-out says of every round, in all, per class and per slice, with 90 % intervals.
-- grain: a round with what it was trained on, a value of a slice and a metric
select
    classifier_version,
    trained_on,
    slice,
    value,
    metric,
    share,
    low,
    high,
    n
from {{ source('engine', 'classifier_figures') }}
