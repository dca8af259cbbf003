-- margins.sql: what was earned, one row per carrier, destination, prefix and currency, the worst first: of answered calls
-- that left or entered the PBX. In: rated_calls. Calls without a price on one side, or not yet, have rows of their own,
-- whose margin is blank: so the other margins are of all calls in their row.
create or replace temp view margins as
with calls as (
    select *, charge_nanos is not null and buy_charge_nanos is not null as both_known
    from rated_calls
    where status <> 'unanswered' and direction <> 'internal'
)

select
    carrier::varchar as carrier,
    destination::varchar as destination,
    prefix::varchar as prefix,
    count(*) as calls,
    sum(duration_seconds)::bigint as seconds,
    charge_money(sum(charge_nanos)) as charge,
    charge_money(sum(buy_charge_nanos)) as buy_charge,
    charge_money(sum(charge_nanos - buy_charge_nanos) filter (both_known)) as margin,
    currency::varchar as currency,
    count(*) filter (below_cost) as calls_below_cost,
from calls
group by carrier, destination, prefix, currency, both_known
