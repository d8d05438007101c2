-- The one label of each labelled sample.
-- grain: a labelled sample
select
    sample_id,
    label,
    provenance,
    posterior,
    quality,
    n_annotations,
    review_batch,
    classifier_version
from {{ source('engine', 'labels') }}
