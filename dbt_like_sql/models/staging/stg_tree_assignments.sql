-- The leaf of every embedded sample.
-- grain: an assigned sample
select
    sample_id,
    batch,
    leaf,
    distance,
    tree_version
from {{ source('engine', 'tree_assignments') }}
