-- difference.sql: a bill, call by call: what the calls say now minus what was billed before. In: rated_calls, billed_before.
-- One row per call of the period, and per call of an earlier period in the window whose charge is another now; a call
-- that was billed and is gone counts nothing now. Design 2, idea 3.
create or replace temp table ledger as
with now as (
    select * from rated_calls
    where account_id = $account_id and period between $first_period and $period
),

before as (
    select * from billed_before
    where account_id = $account_id and call_period between $first_period and $period
)

select
    $period as bill_period,
    $account_id as account_id,
    coalesce(now.call_id, before.call_id) as call_id,
    coalesce(now.period, before.call_period) as call_period,
    coalesce(now.started_at, as_billed.started_at) as started_at,
    coalesce(now.direction, as_billed.direction) as direction,
    coalesce(now.from_number, as_billed.from_number) as from_number,
    coalesce(now.to_number, as_billed.to_number) as to_number,
    coalesce(now.destination, as_billed.destination) as destination,
    coalesce(now."group", as_billed."group") as "group",
    coalesce(now.duration_seconds, as_billed.duration_seconds) as duration_seconds,
    coalesce(now.billed_seconds, as_billed.billed_seconds) as billed_seconds,
    coalesce(now.free_seconds, as_billed.free_seconds) as free_seconds,
    if(now.call_id is null, 0, money(now.charge_nanos))::decimal(18, 6) as charge,
    coalesce(before.billed, 0)::decimal(18, 6) as billed_before,
    (coalesce(money(now.charge_nanos), 0) - coalesce(before.billed, 0))::decimal(18, 6) as difference,
    coalesce(now.currency, $currency) as currency,
    coalesce(now.status, 'rated') as status,
    coalesce(now.barred, as_billed.barred) as barred,
from now
full join before on before.call_id = now.call_id and before.call_period = now.period
where coalesce(now.period, before.call_period) = $period
    or coalesce(money(now.charge_nanos), 0) <> coalesce(before.billed, 0)
order by call_period, started_at, call_id
