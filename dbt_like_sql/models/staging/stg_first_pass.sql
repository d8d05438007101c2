-- The verdict of the first pass on every raw sample.
-- grain: a raw sample (uri)
select
    sample_id,
    batch,
    uri,
    verdict,
    reason,
    score,
    threshold,
    duplicate_of,
    n_chars,
    n_words,
    letter_share,
    language,
    junk_score,
    signals,
    verdict = 'kept' as is_kept,
    duplicate_of is not null as is_duplicate
from {{ source('engine', 'first_pass') }}
