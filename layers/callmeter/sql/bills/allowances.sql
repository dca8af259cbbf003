-- allowances.sql: each account's allowances of one period and what is used of them, in plan order. In: calls_now,
-- allowance_use, allowances, freezing. Those of the plan and catalogue of its last call of the period.
with last_call as (
    select
        account_id,
        max_by(plan, (started_at, call_id)) as plan,
        max_by(catalogue, (started_at, call_id)) as catalogue,
    from calls_now
    inner join freezing using (account_id)
    where period = $period
    group by account_id
)

select
    last_call.account_id,
    allowances.name,
    allowances.minutes,
    coalesce(allowance_use.used_seconds, 0) as used_seconds,
from allowances
inner join last_call on last_call.plan = allowances.plan and last_call.catalogue = allowances.catalogue
left join allowance_use
    on allowance_use.account_id = last_call.account_id
    and allowance_use.period = $period
    and allowance_use.name = allowances.name
    and allowance_use.position = allowances.position
order by last_call.account_id, allowances.position
