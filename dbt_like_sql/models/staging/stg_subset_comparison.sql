-- How even the subsets of several methods are, each drawn several times.
-- grain: a method, a draw and what the balance is counted over
select
    method,
    draw,
    counted_over,
    kl,
    largest_share,
    n_covered,
    n_groups,
    n_samples,
    seconds
from {{ source('engine', 'subset_comparison') }}
