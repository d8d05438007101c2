-- Every decision of every step about every sample.
-- Steps without partitions have the empty batch, which Delta itself keeps as null.
-- grain: a decision about a sample
select
    sample_id,
    step,
    coalesce(batch, '') as batch,
    verdict,
    reason,
    score,
    threshold,
    model_version,
    table_version,
    run_id,
    decided_at
from {{ source('engine', 'ledger') }}
