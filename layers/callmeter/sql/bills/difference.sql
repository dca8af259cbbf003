-- difference.sql: bills, call by call: what the calls say now minus what was billed before. In: calls_now, billed_before,
-- freezing. One row per call of the period, and per call of an earlier period in the window whose charge is another now;
-- a call that was billed and is gone counts nothing now. Design 2, idea 3.
create or replace temp table ledger as
with now as (
    select calls_now.* from calls_now
    inner join freezing using (account_id)
    where period between $first_period and $period
),

before as (
    select * from billed_before
    where call_period between $first_period and $period
),

paired as (
    select
        coalesce(now.account_id, before.account_id) as account_id,
        coalesce(now.call_id, before.call_id) as call_id,
        coalesce(now.period, before.call_period) as call_period,
        coalesce(now.charge, 0) - coalesce(before.billed, 0) as difference,
        if(now.call_id is null, 0, now.charge) as charge_now,
        coalesce(before.billed, 0) as billed_before,
        before.call_id is not null as was_billed,
        now.call_id is not null as is_there,
        now,
        before.as_billed,
    from now
    full join before on before.account_id = now.account_id
        and before.call_id = now.call_id
        and before.call_period = now.period
)

select
    $period as bill_period,
    account_id,
    call_id,
    call_period,
    coalesce(now.started_at, as_billed.started_at) as started_at,
    coalesce(now.direction, as_billed.direction) as direction,
    coalesce(now.from_number, as_billed.from_number) as from_number,
    coalesce(now.to_number, as_billed.to_number) as to_number,
    coalesce(now.destination, as_billed.destination) as destination,
    coalesce(now."group", as_billed."group") as "group",
    coalesce(now.duration_seconds, as_billed.duration_seconds) as duration_seconds,
    coalesce(now.billed_seconds, as_billed.billed_seconds) as billed_seconds,
    coalesce(now.free_seconds, as_billed.free_seconds) as free_seconds,
    coalesce(now.rate, as_billed.rate)::decimal(18, 9) as rate,
    coalesce(now.connect_fee, as_billed.connect_fee)::decimal(18, 9) as connect_fee,
    charge_now::decimal(18, 6) as charge,
    billed_before::decimal(18, 6) as billed_before,
    difference::decimal(18, 6) as difference,
    coalesce(now.currency, as_billed.currency) as currency,
    coalesce(now.status, 'rated') as status,
    coalesce(now.barred, as_billed.barred) as barred,
    coalesce(now.bundle, as_billed.bundle) as bundle,
    coalesce(now.own_number, as_billed.own_number) as own_number,
    case
        when call_period = $period then null
        when not is_there then 'removed'
        when not was_billed or as_billed.reason = 'removed' then 'late-file'
        when as_billed.status = 'late' then 'priced'
        when now.rate is distinct from as_billed.rate
            or now.connect_fee is distinct from as_billed.connect_fee
            or now.billed_seconds is distinct from as_billed.billed_seconds then 'repriced'
        else 'allowance'
    end as reason,
from paired
where call_period = $period or difference <> 0
order by account_id, call_period, started_at, call_id
