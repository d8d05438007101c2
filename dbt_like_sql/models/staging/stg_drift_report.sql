-- Every batch against the reference, cluster by cluster.
-- grain: a batch and a cluster
select
    batch,
    cluster,
    expected_share,
    observed_share,
    contribution,
    p_value,
    novelty_p,
    mass_p,
    centre_p,
    n_samples,
    n_reference,
    is_alarm,
    is_suspect,
    sample_ids,
    note
from {{ source('engine', 'drift_report') }}
