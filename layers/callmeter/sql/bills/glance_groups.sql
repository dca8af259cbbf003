-- glance_groups.sql: what groups of destinations come to, one row per currency and group: in $period, and in the period
-- before it. In: calls_now, freezing. Answered calls of the accounts that are frozen now; margin as in glance.sql.
with calls as (
    select
        *,
        period = $period as is_now,
        status = 'rated' and direction <> 'internal' and free_seconds = 0 and buy_charge_nanos is not null as compared,
    from calls_now
    where account_id in (select account_id from freezing)
        and period in ($period, strftime(strptime($period, '%Y-%m') - interval 1 month, '%Y-%m'))
        and status <> 'unanswered'
        and ("group" <> '' or charge <> 0)
)

select
    currency::varchar as currency,
    "group"::varchar as "group",
    count(*) filter (is_now) as calls,
    coalesce(sum(charge) filter (is_now), 0)::decimal(24, 6) as charge,
    coalesce(sum(charge) filter (not is_now), 0)::decimal(24, 6) as before,
    sum(charge - money(buy_charge_nanos)) filter (is_now and compared)::decimal(24, 6) as margin,
from calls
group by currency, "group"
order by currency, "group"
