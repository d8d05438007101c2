-- What the classifier in service proposes for each sample; the probabilities of all classes stay in the table.
-- grain: a sample with a proposal
select
    sample_id,
    classifier_version,
    kind,
    answer,
    label,
    probability,
    uncertainty,
    utility,
    difficulty,
    route,
    gate_lower_bound,
    reason
from {{ source('engine', 'proposals') }}
