-- How labels did in every review batch: agreement, confirmed automatic labels, answers given again.
-- grain: a review batch, a figure and a subject
select
    review_batch,
    opened_at,
    figure,
    subject,
    value,
    n,
    definitions,
    is_simulated,
    question
from {{ source('engine', 'label_trends') }}
