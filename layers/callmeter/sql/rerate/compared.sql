-- compared.sql: the lines of one file that are not what they were, each with both outcomes; reason null where nothing that
-- anybody reads is another: the catalogue, and so the allowances that it counts to. In: calls_before, rejects_before,
-- kept_calls, rejects.
create or replace temp table compared as
with before as (
    select line, calls_before as call, null as reject from calls_before
    union all
    select line, null, reason from rejects_before
),

after as (
    select line, kept_calls as call, null as reject from kept_calls
    union all
    select line, null, reason from rejects
),

paired as (
    select line, before.call as b, after.call as a, before.reject as b_reject, after.reject as a_reject
    from before
    full join after using (line)
    where before.call is distinct from after.call or before.reject is distinct from after.reject
)

select
    $digest as digest,
    $file as file,
    line,
    case
        when b is null and a is null then null
        when b is null then if(b_reject is null, 'restored', 'found')
        when a is null then if(a_reject is null, 'withdrawn', 'lost')
        when a.account_id <> b.account_id then 'moved'
        when a.period <> b.period then 'period'
        when b.status = 'late' and a.status <> 'late' then 'priced'
        when a.charge_nanos is distinct from b.charge_nanos or a.currency <> b.currency then 'repriced'
        when (a.destination, a."group", a.direction, a.barred) <> (b.destination, b."group", b.direction, b.barred) then 'renamed'
    end as reason,
    coalesce(a.call_id, b.call_id) as call_id,
    coalesce(a.started_at, b.started_at) as started_at,
    coalesce(a.from_number, b.from_number) as from_number,
    coalesce(a.to_number, b.to_number) as to_number,
    b.account_id as account_before,
    a.account_id as account_after,
    b.period as period_before,
    a.period as period_after,
    b.destination as destination_before,
    a.destination as destination_after,
    money(b.rate_nanos)::decimal(18, 9) as rate_before,
    money(a.rate_nanos)::decimal(18, 9) as rate_after,
    charge_money(b.charge_nanos) as charge_before,
    charge_money(a.charge_nanos) as charge_after,
    b.currency as currency_before,
    a.currency as currency_after,
    coalesce(b.status, b_reject, '') as status_before,
    coalesce(a.status, a_reject, '') as status_after,
from paired
