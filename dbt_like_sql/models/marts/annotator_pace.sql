-- How much each annotator answers, how fast, and how well. Seconds are of people only: null for simulated annotators.
-- Agreement is with the label that the sample ended up with, traps left out. A trap is caught when the answer is not
-- the known-wrong proposal that was shown.
-- grain: an annotator
select
    answers.annotator,
    answers.is_simulated,
    count(*) as n_answers,
    median(case when not answers.is_simulated then answers.active_s end) as median_active_s,
    count(*) filter (where not answers.is_trap and labels.label is not null) as n_compared,
    avg(case when not answers.is_trap then cast(answers.label = labels.label as integer) end) as agreement_share,
    count(*) filter (where answers.is_trap) as n_traps,
    avg(case when answers.is_trap then cast(answers.label <> answers.proposed_label as integer) end)
        as trap_catch_rate
from {{ ref('int_latest_answers') }} as answers
left join {{ ref('stg_labels') }} as labels on answers.sample_id = labels.sample_id
group by answers.annotator, answers.is_simulated
order by n_answers desc, answers.annotator
