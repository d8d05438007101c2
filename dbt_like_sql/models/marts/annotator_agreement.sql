-- How often two annotators agree on the samples that both of them answered, traps left out, and how far beyond chance
-- (Cohen's kappa: 1 is full agreement, 0 is chance). Who answered a sample in several review batches counts with the
-- latest. Answers that are no class are left out: SQL cannot compare them.
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
),

shared as (
    select
        one.annotator as annotator_a,
        other.annotator as annotator_b,
        one.label as label_a,
        other.label as label_b
    from answers as one
    inner join answers as other on one.sample_id = other.sample_id and one.annotator < other.annotator
),

totals as (
    select
        annotator_a,
        annotator_b,
        count(*) as n_shared,
        avg(cast(label_a = label_b as integer)) as agreement_share
    from shared
    group by annotator_a, annotator_b
),

said as (
    select
        annotator_a,
        annotator_b,
        label,
        count(*) filter (where side = 'a') as n_a,
        count(*) filter (where side = 'b') as n_b
    from (
        select
            annotator_a,
            annotator_b,
            label_a as label,
            'a' as side
        from shared
        union all
        select
            annotator_a,
            annotator_b,
            label_b as label,
            'b' as side
        from shared
    ) as sides
    group by annotator_a, annotator_b, label
),

chance as (
    select
        annotator_a,
        annotator_b,
        sum(n_a * n_b) as n_both
    from said
    group by annotator_a, annotator_b
)

select
    totals.annotator_a,
    totals.annotator_b,
    totals.n_shared,
    totals.agreement_share,
    case
        when chance.n_both = totals.n_shared * totals.n_shared then 1
        else
            (totals.agreement_share - chance.n_both / (totals.n_shared * totals.n_shared))
            / (1 - chance.n_both / (totals.n_shared * totals.n_shared))
    end as kappa
from totals
inner join chance on totals.annotator_a = chance.annotator_a and totals.annotator_b = chance.annotator_b
order by totals.n_shared desc, totals.annotator_a, totals.annotator_b
