-- What each annotator answers where a sample ended up with each label, traps left out: what is mistaken for what.
-- grain: an annotator, the label of the sample and the label answered
select
    answers.annotator,
    answers.is_simulated,
    labels.label as agreed_label,
    answers.label as answered_label,
    count(*) as n_answers,
    count(*) / sum(count(*)) over (partition by answers.annotator, labels.label) as share_of_agreed
from {{ ref('int_latest_answers') }} as answers
inner join {{ ref('stg_labels') }} as labels on answers.sample_id = labels.sample_id
where not answers.is_trap and answers.label is not null and labels.label is not null
group by answers.annotator, answers.is_simulated, labels.label, answers.label
order by answers.annotator, agreed_label, n_answers desc, answered_label
