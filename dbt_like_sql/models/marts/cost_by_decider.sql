-- What each decider cost, in all and per label that it made; the dearest first.
-- Money is in the unit of labels.deciders and of foundation_model; active seconds are of people alone.
-- grain: a question and a decider
select
    question,
    decider,
    cast(sum(n_asked) as bigint) as n_asked,
    cast(sum(n_labels) as bigint) as n_labels,
    cast(sum(n_calls) as bigint) as n_calls,
    cast(sum(tokens_in) as bigint) as tokens_in,
    cast(sum(tokens_out) as bigint) as tokens_out,
    sum(seconds) as seconds,
    sum(active_s) as active_s,
    sum(money) as money,
    sum(money) / nullif(sum(n_labels), 0) as money_per_label,
    sum(active_s) / nullif(sum(n_labels), 0) as active_s_per_label,
    sum(next_labels) / nullif(sum(next_money), 0) as labels_of_next_unit
from {{ ref('stg_costs') }}
group by question, decider
order by money desc, question, decider
