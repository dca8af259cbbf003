-- account_totals.sql: what each account's calls of a period come to, one row per account and period.
-- In: rated_calls, allowance_use. Money is exact. charge is the sum of the calls' charges, no more and no less.
with calls as (
    select * from rated_calls
),

used as (
    select account_id, period, map(list(name order by position), list(used_seconds order by position)) as allowances
    from allowance_use
    group by all
)

select
    calls.account_id,
    calls.period,
    calls.currency,
    money(coalesce(sum(charge_nanos), 0)) as charge,
    count(*) as calls,
    count(*) filter (status <> 'unanswered') as answered_calls,
    count(*) filter (status = 'late') as late_calls,
    coalesce(sum(billed_seconds), 0)::bigint as billed_seconds,
    coalesce(sum(free_seconds), 0)::bigint as free_seconds,
    coalesce(sum(duration_seconds) filter (status <> 'unanswered'), 0)::bigint as duration_seconds,
    coalesce(any_value(used.allowances), map {}) as allowances,
from calls
left join used using (account_id, period)
group by calls.account_id, calls.period, calls.currency
order by calls.account_id, calls.period
