-- Every alarm with how long it was open, the newest first. Hours of an open alarm are null.
-- grain: an alarm
select
    kind,
    subject,
    cause,
    value,
    threshold,
    raised_at,
    launched,
    settled_at,
    settled_by,
    is_open,
    date_diff('second', raised_at, settled_at) / 3600.0 as open_hours,
    count(*) over (partition by kind, subject) as n_of_subject
from {{ ref('stg_alarms') }}
order by raised_at desc, kind, cause
