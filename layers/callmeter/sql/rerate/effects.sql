-- effects.sql: what the changes come to, a row per account, period, reason and currency, at full prices. A call that moves
-- counts with both accounts. In: changes.
with sides as (
    select
        digest,
        line,
        reason,
        account_before as account_id,
        period_before as period,
        currency_before as currency,
        charge_before as before,
        null as after,
    from changes
    where account_before is not null
    union all
    select digest, line, reason, account_after, period_after, currency_after, null, charge_after
    from changes
    where account_after is not null
)

select
    account_id,
    period,
    reason,
    currency,
    count(distinct (digest, line)) as calls,
    coalesce(sum(before), 0)::decimal(28, 6) as before,
    coalesce(sum(after), 0)::decimal(28, 6) as after,
from sides
group by account_id, period, reason, currency
order by all
