-- How each annotator does from one review batch to the next. Drift is the change of the share of answers that the label
-- of the sample agrees with, and of traps caught, against all earlier batches of the annotator. Seconds are of people
-- only.
-- grain: an annotator and a review batch
with by_batch as (
    select
        answers.annotator,
        answers.is_simulated,
        answers.review_batch,
        count(*) as n_answers,
        median(case when not answers.is_simulated then answers.active_s end) as median_active_s,
        count(*) filter (where not answers.is_trap and labels.label is not null) as n_compared,
        count(*) filter (where not answers.is_trap and answers.label = labels.label) as n_agreeing,
        count(*) filter (where answers.is_trap) as n_traps,
        count(*) filter (where answers.is_trap and answers.label <> answers.proposed_label) as n_traps_caught
    from {{ ref('int_latest_answers') }} as answers
    left join {{ ref('stg_labels') }} as labels on answers.sample_id = labels.sample_id
    group by answers.annotator, answers.is_simulated, answers.review_batch
),

beside_earlier as (
    select
        *,
        sum(n_agreeing) over earlier as n_agreeing_before,
        sum(n_compared) over earlier as n_compared_before,
        sum(n_traps_caught) over earlier as n_traps_caught_before,
        sum(n_traps) over earlier as n_traps_before
    from by_batch
    window
        earlier as (
            partition by annotator order by review_batch rows between unbounded preceding and 1 preceding
        )
)

select
    annotator,
    is_simulated,
    review_batch,
    n_answers,
    median_active_s,
    n_compared,
    n_agreeing / nullif(n_compared, 0) as agreement_share,
    n_agreeing / nullif(n_compared, 0) - n_agreeing_before / nullif(n_compared_before, 0) as agreement_drift,
    n_traps,
    n_traps_caught / nullif(n_traps, 0) as trap_catch_rate,
    n_traps_caught / nullif(n_traps, 0) - n_traps_caught_before / nullif(n_traps_before, 0) as trap_catch_drift
from beside_earlier
order by annotator, review_batch
