-- Which kept samples are embedded, and by which encoder; the vectors stay in the table.
-- grain: an embedded sample
select
    sample_id,
    batch,
    dim,
    encoder_version
from {{ source('engine', 'embeddings') }}
