-- What a classifier learns from subsets of several methods, judged on samples that were held out.
-- grain: a method with its evenness, and a draw
select
    method,
    evenness,
    draw,
    n_chosen,
    n_held_out,
    n_classes,
    macro_accuracy,
    rare_recall,
    class_coverage,
    kl,
    distance
from {{ source('engine', 'subset_proof') }}
