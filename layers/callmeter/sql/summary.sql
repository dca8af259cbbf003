-- summary.sql: what was rated, one row per currency. Margin is of calls whose buying price is known. In: rated_calls.
select
    currency,
    money(coalesce(sum(charge_nanos), 0)) as charge,
    money(coalesce(sum(charge_nanos - buy_charge_nanos), 0)) as margin,
    count(buy_charge_nanos) as bought,
    count(*) as rated,
    coalesce(sum(duration_seconds) filter (status <> 'unanswered'), 0)::bigint as duration_seconds,
    count(*) filter (status = 'late') as late,
    count(*) filter (barred) as barred,
    count(*) filter (below_cost) as below_cost,
from rated_calls
group by currency
order by currency
