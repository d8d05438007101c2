-- What crossed a limit, when, what was launched about it, and how it ended.
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
    settled_at is null as is_open
from {{ source('engine', 'alarms') }}
