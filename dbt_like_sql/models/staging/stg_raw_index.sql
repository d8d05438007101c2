-- Every raw sample as the source gave it; the same content twice is two rows with one sample_id.
-- grain: a raw sample (uri)
select
    sample_id,
    batch,
    uri,
    source_id,
    media_type,
    n_bytes,
    arrived_at,
    text,
    width_px,
    height_px,
    metadata,
    is_readable,
    error
from {{ source('engine', 'raw_index') }}
