-- The samples of the newest release.
-- grain: a released sample
select
    sample_id,
    release_id,
    batch,
    uri,
    text,
    label,
    provenance,
    posterior,
    quality,
    leaf,
    top_cluster,
    metadata,
    coalesce(in_subset, true) as in_subset,
    split
from {{ source('engine', 'release') }}
