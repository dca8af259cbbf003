-- summary.sql: what was rated, one row per currency. Margin is of calls whose buying price is known. In: written.
select
    currency::varchar as currency,
    coalesce(sum(charge), 0)::decimal(38, 9) as charge,
    coalesce(sum(charge - buy_charge), 0)::decimal(38, 9) as margin,
    count(buy_charge) as bought,
    count(*) as rated,
    coalesce(sum(duration_seconds) filter (status <> 'unanswered'), 0)::bigint as duration_seconds,
    count(*) filter (status = 'late') as late,
    count(*) filter (barred) as barred,
from written
group by currency
order by currency
