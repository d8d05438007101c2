-- The one label of each labelled sample.
-- grain: a labelled sample
select
    sample_id,
    kind,
    answer,
    label,
    provenance,
    posterior,
    quality,
    n_annotations,
    review_batch,
    classifier_version,
    coalesce(in_subset, true) as in_subset
from {{ source('engine', 'labels') }}
