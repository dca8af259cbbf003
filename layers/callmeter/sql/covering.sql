-- covering.sql: the calls that an allowance may cover, with what is still to cover. In: priced_calls, duplicates, allowances.
-- The allowances of an account, period and plan are those of the catalogue that its last call was rated with.
create or replace temp table covering as
select
    priced_calls.rowid as call_row,
    account_id,
    call_id,
    period,
    plan,
    last_value(catalogue) over (
        partition by account_id, period, plan
        order by started_at, call_id
        rows between unbounded preceding and unbounded following
    ) as catalogue,
    "group",
    started_at,
    billed_seconds::bigint as uncovered,
    0::bigint as free_seconds,
from priced_calls
anti join duplicates on duplicates.call_row = priced_calls.rowid
where status = 'rated'
    and not per_call
    and billed_seconds > 0
    and (plan, "group") in (select plan, unnest(groups) from allowances)
