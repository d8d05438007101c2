-- Every answer of a person or a simulated annotator.
-- grain: an answer
select
    annotation_id,
    sample_id,
    review_batch,
    task_id,
    purpose,
    arm,
    annotator,
    kind,
    answer,
    label,
    proposed_answer,
    proposed_label,
    provenance,
    is_simulated,
    active_s,
    revision,
    decided_at
from {{ source('engine', 'reviewed_labels') }}
