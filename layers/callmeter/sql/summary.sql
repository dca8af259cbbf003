-- summary.sql: what was rated, one row. In: rated_calls.
select
    count(*) as rated,
    coalesce(sum(billed_seconds), 0)::bigint as billed_seconds,
    coalesce(sum(duration_seconds) filter (status <> 'unanswered'), 0)::bigint as duration_seconds,
    count(*) filter (status = 'late') as late,
    count(*) filter (barred) as barred,
from rated_calls
