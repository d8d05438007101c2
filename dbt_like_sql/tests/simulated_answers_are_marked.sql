-- An answer is simulated in all of its marks or in none, and a simulated one has no human seconds.
select
    annotation_id,
    annotator,
    is_simulated,
    provenance,
    active_s
from {{ ref('stg_reviewed_labels') }}
where
    is_simulated <> (provenance = 'simulated')
    or is_simulated <> starts_with(annotator, 'simulated:')
    or (is_simulated and active_s is not null)
