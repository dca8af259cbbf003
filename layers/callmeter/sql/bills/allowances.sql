-- allowances.sql: an account's allowances of one period and what is used of them, in plan order. In: allowance_use,
-- allowances, rated_calls. Those of the plan and catalogue of its last call of the period.
with last_call as (
    select max_by(plan, (started_at, call_id)) as plan, max_by(catalogue, (started_at, call_id)) as catalogue
    from rated_calls
    where account_id = $account_id and period = $period
)

select
    allowances.name,
    allowances.minutes,
    allowances.groups,
    coalesce(allowance_use.used_seconds, 0) as used_seconds,
from allowances
inner join last_call on last_call.plan = allowances.plan and last_call.catalogue = allowances.catalogue
left join allowance_use
    on allowance_use.account_id = $account_id
    and allowance_use.period = $period
    and allowance_use.name = allowances.name
    and allowance_use.position = allowances.position
order by allowances.position
