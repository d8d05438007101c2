-- A label that a simulated annotator had a part in says so: its provenance is simulated, or it is the model's own.
select
    labels.sample_id,
    labels.provenance,
    answers.annotator
from {{ ref('stg_labels') }} as labels
inner join {{ ref('int_latest_answers') }} as answers on labels.sample_id = answers.sample_id
where
    answers.is_simulated
    and not answers.is_trap
    and labels.provenance in ('human', 'human_assisted', 'model_accepted', 'model_edited')
