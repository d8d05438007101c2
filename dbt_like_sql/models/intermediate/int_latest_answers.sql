-- The answer that counts of each annotator to each task: the one of the highest revision. What reviewers decided or
-- corrected in the place of answers is left out. Annotators are named by codes, as in checks and reports; simulated
-- ones by their names.
-- grain: a task and an annotator
select
    annotation_id,
    task_id,
    sample_id,
    review_batch,
    purpose,
    arm,
    purpose = 'trap' or arm = 'trap' as is_trap,
    case when is_simulated then annotator else 'annotator-' || left(sha256(annotator), 6) end as annotator,
    is_simulated,
    kind,
    answer,
    label,
    proposed_answer,
    proposed_label,
    provenance,
    active_s,
    revision
from {{ ref('stg_reviewed_labels') }}
where provenance <> 'adjudicated' and purpose <> 'correction'
qualify row_number() over (partition by task_id, annotator order by revision desc, annotation_id desc) = 1
