-- What each decider cost: money, tokens, and seconds of machines and people.
-- grain: a question and decider and, of people, a review batch
select
    question,
    decider,
    batch,
    n_asked,
    n_labels,
    n_calls,
    tokens_in,
    tokens_out,
    seconds,
    active_s,
    money,
    next_labels,
    next_money
from {{ source('engine', 'costs') }}
