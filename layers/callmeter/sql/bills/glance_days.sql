-- glance_days.sql: what each day's calls of $period come to, one row per currency and day, days as $timezone has them. In:
-- calls_now, freezing. Answered calls of the accounts that are frozen now.
select
    currency::varchar as currency,
    timezone($timezone, timezone('UTC', started_at))::date as day,
    count(*) as calls,
    coalesce(sum(charge), 0)::decimal(24, 6) as charge,
from calls_now
where account_id in (select account_id from freezing) and period = $period and status <> 'unanswered'
group by currency, day
order by currency, day
