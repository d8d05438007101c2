-- A released sample carries the label and the provenance that the labels table gives it, if any, and is in the
-- subset unless it says that it is not.
select
    released.sample_id,
    released.label as released_label,
    labels.label,
    released.provenance as released_provenance,
    labels.provenance
from {{ ref('stg_release') }} as released
left join {{ ref('stg_labels') }} as labels on released.sample_id = labels.sample_id
left join {{ ref('stg_balanced_subset') }} as subset on released.sample_id = subset.sample_id
where
    (labels.sample_id is null and released.label is not null)
    or released.in_subset <> (subset.sample_id is not null)
    or released.label <> labels.label
    or released.provenance <> labels.provenance
