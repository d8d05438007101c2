-- How far the annotators of each review batch agree beyond chance, traps left out: Krippendorff's alpha for classes over
-- the samples that several of them answered; 1 is full agreement, 0 is chance, null where nothing was answered twice.
-- grain: a review batch
with answers as (
    select
        review_batch,
        sample_id,
        label,
        count(*) over (partition by review_batch, sample_id) as n_of_sample
    from {{ ref('int_latest_answers') }}
    where not is_trap and label is not null
),

shared as (
    select
        review_batch,
        sample_id,
        label,
        n_of_sample,
        count(*) as n_same
    from answers
    where n_of_sample > 1
    group by review_batch, sample_id, label, n_of_sample
),

observed as (
    select
        review_batch,
        count(distinct sample_id) as n_shared,
        sum(n_same) as n_shared_answers,
        sum(n_same * (n_of_sample - n_same) / (n_of_sample - 1)) as disagreement
    from shared
    group by review_batch
),

by_label as (
    select
        review_batch,
        label,
        sum(n_same) as n_label
    from shared
    group by review_batch, label
),

expected as (
    select
        by_label.review_batch,
        sum(by_label.n_label * (observed.n_shared_answers - by_label.n_label) / (observed.n_shared_answers - 1))
            as disagreement
    from by_label
    inner join observed on by_label.review_batch = observed.review_batch
    group by by_label.review_batch
)

select
    batches.review_batch,
    batches.n_answers,
    batches.n_annotators,
    coalesce(observed.n_shared, 0) as n_shared,
    case
        when observed.n_shared is null then null
        when expected.disagreement = 0 then 1
        else 1 - observed.disagreement / expected.disagreement
    end as alpha
from (
    select
        review_batch,
        count(*) as n_answers,
        count(distinct annotator) as n_annotators
    from {{ ref('int_latest_answers') }}
    where not is_trap
    group by review_batch
) as batches
left join observed on batches.review_batch = observed.review_batch
left join expected on batches.review_batch = expected.review_batch
order by batches.review_batch
