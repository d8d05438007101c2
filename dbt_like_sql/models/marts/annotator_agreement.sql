-- How often two annotators agree on the samples that both of them answered, traps left out. Who answered a sample in
-- several review batches counts with the latest. Answers that are no class are left out: SQL cannot compare them.
-- grain: a pair of annotators
with answers as (
    select
        sample_id,
        annotator,
        label
    from {{ ref('int_latest_answers') }}
    where not is_trap and label is not null
    qualify
        row_number() over (
            partition by sample_id, annotator order by review_batch desc, revision desc, annotation_id desc
        ) = 1
)

select
    one.annotator as annotator_a,
    other.annotator as annotator_b,
    count(*) as n_shared,
    avg(cast(one.label = other.label as integer)) as agreement_share
from answers as one
inner join answers as other on one.sample_id = other.sample_id and one.annotator < other.annotator
group by one.annotator, other.annotator
order by n_shared desc, annotator_a, annotator_b
