-- rated_calls.sql: what is billed, one row per call: each once, after allowances. In: priced_calls, duplicates, covering.
-- A call covered whole is free, connect fee too; else the rest is charged at the rate. Design 3.7. A call was sold below
-- cost where its full price is less than what the carrier asks; one that carries no price, or none yet, was not.
create or replace temp view rated_calls as
select
    priced_calls.* exclude (edge_of, kept_in) replace (
        case
            when coalesce(covering.free_seconds, 0) = 0 then charge_nanos
            when covering.uncovered = 0 then 0
            else charge_nanos(
                rate_nanos, connect_fee_nanos, covering.uncovered, max_charge_nanos, charge_step, rounding_of(rounding, charge_step)
            )
        end::bigint as charge_nanos
    ),
    if(status = 'late', null, coalesce(covering.free_seconds, 0))::integer as free_seconds,
    coalesce(status = 'rated' and direction <> 'internal' and priced_calls.charge_nanos < buy_charge_nanos, false) as below_cost,
from priced_calls
anti join duplicates using (call_row)
left join covering using (call_row)
