-- Why the cluster tree has the levels that it has, sentence by sentence.
-- grain: a sentence
select
    line,
    sentence,
    n_built,
    target_size,
    tree_version
from {{ source('engine', 'tree_explanation') }}
