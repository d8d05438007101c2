-- No stage of the funnel has more samples than the one before it.
select
    stage,
    n_samples,
    n_dropped
from {{ ref('funnel_stages') }}
where n_dropped < 0
