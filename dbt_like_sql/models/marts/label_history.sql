-- How each figure of labels moves: its value, the change since the review batch before of the same subject, and whether
-- the classes meant something else then.
-- grain: a review batch, a figure and a subject
select
    question,
    review_batch,
    opened_at,
    figure,
    subject,
    value,
    n,
    is_simulated,
    value - lag(value) over earlier as change,
    coalesce(definitions <> lag(definitions) over earlier, false) as has_other_classes
from {{ ref('stg_label_trends') }}
window earlier as (partition by question, figure, subject order by opened_at, review_batch)
order by question, figure, subject, opened_at, review_batch
