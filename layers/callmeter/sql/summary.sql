-- summary.sql: what was rated, one row per currency. In: rated_calls.
select
    currency,
    money(coalesce(sum(charge_nanos), 0)) as charge,
    count(*) as rated,
    coalesce(sum(duration_seconds) filter (status <> 'unanswered'), 0)::bigint as duration_seconds,
    count(*) filter (status = 'late') as late,
    count(*) filter (barred) as barred,
from rated_calls
group by currency
order by currency
