-- glance.sql: what a bill is judged by, one row per account that is frozen now, period up to $period and currency. In:
-- calls_now, freezing, ledger. Money is exact. margin: what is charged less what carriers ask, of answered calls where both
-- are known and no included minutes were used, which the plan's fee pays for; null where there is no such call.
-- corrections: what the bill of $period takes or gives for calls of an earlier period.
with calls as (
    select
        calls_now.*,
        status <> 'unanswered' as answered,
        status = 'rated' and direction <> 'internal' and free_seconds = 0 and buy_charge_nanos is not null as compared,
    from calls_now
    where account_id in (select account_id from freezing) and period <= $period
),

called as (
    select
        account_id,
        period,
        currency,
        count(*) as calls,
        count(*) filter (answered) as answered_calls,
        count(*) filter (status = 'late') as late_calls,
        count(*) filter (barred) as barred_calls,
        coalesce(sum(charge), 0)::decimal(24, 6) as charge,
        sum(charge - money(buy_charge_nanos)) filter (compared)::decimal(24, 6) as margin,
        count(*) filter (compared) as margin_calls,
    from calls
    group by account_id, period, currency
),

corrected as (
    select account_id, call_period as period, currency, sum(difference)::decimal(24, 6) as corrections
    from ledger
    where call_period <> bill_period
    group by account_id, call_period, currency
)

select
    account_id::varchar as account_id,
    period::varchar as period,
    currency::varchar as currency,
    coalesce(calls, 0) as calls,
    coalesce(answered_calls, 0) as answered_calls,
    coalesce(late_calls, 0) as late_calls,
    coalesce(barred_calls, 0) as barred_calls,
    coalesce(charge, 0) as charge,
    margin,
    coalesce(margin_calls, 0) as margin_calls,
    coalesce(corrections, 0) as corrections,
from called
full join corrected using (account_id, period, currency)
order by account_id, period, currency
