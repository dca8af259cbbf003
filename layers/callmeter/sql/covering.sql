-- covering.sql: the calls that an allowance may cover, with what is still to cover. In: priced_calls, duplicates, allowances.
-- The allowances of an account, period and plan are those of the catalogue that its last call was rated with.
create or replace temp table covering as
with calls as (
    select call_row, account_id, call_id, period, plan, catalogue, "group", started_at, billed_seconds
    from priced_calls
    anti join duplicates using (call_row)
    where status = 'rated'
        and not per_call
        and billed_seconds > 0
        and (plan, "group") in (select plan, unnest(groups) from allowances)
),

-- Nearly always there is one catalogue only.
mixed as (
    select account_id, period, plan
    from calls
    group by account_id, period, plan
    having min(catalogue) <> max(catalogue)
),

last_rated as (
    select account_id, period, plan, catalogue
    from calls
    semi join mixed using (account_id, period, plan)
    qualify row_number() over (partition by account_id, period, plan order by started_at desc, call_id desc) = 1
)

select
    call_row,
    account_id,
    call_id,
    period,
    plan,
    coalesce(last_rated.catalogue, calls.catalogue)::varchar as catalogue,
    "group",
    started_at,
    billed_seconds::bigint as uncovered,
    0::bigint as free_seconds,
from calls
left join last_rated using (account_id, period, plan)
