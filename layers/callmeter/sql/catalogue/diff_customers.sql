-- diff_customers.sql: what calls come to for each account under either deck, the biggest difference first. In: old_calls,
-- new_calls. Money is exact.
with totals as (
    select account_id, currency, charge as old_charge, 0::decimal(18, 6) as new_charge from old_calls
    union all by name
    select account_id, currency, 0::decimal(18, 6) as old_charge, charge as new_charge from new_calls
)

select
    account_id,
    currency,
    coalesce(sum(old_charge), 0) as old,
    coalesce(sum(new_charge), 0) as new,
    coalesce(sum(new_charge), 0) - coalesce(sum(old_charge), 0) as difference,
from totals
group by account_id, currency
order by abs(difference) desc, account_id, currency
