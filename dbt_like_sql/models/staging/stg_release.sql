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
    metadata
from {{ source('engine', 'release') }}
