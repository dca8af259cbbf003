-- buy_charges.sql: what carriers ask for their calls, one row per call with a carrier that is known: nanos of the account's
-- currency. In: calls_matched, suppliers, deck_rows, accounts, exchange. Design 3.13. No row, where nobody can say.
create or replace temp table buy_charges as
with bought as (
    select
        calls_matched.rowid as call_row,
        calls_matched.direction,
        answered,
        duration_seconds,
        started_at,
        accounts.currency as account_currency,
        suppliers.currency as carrier_currency,
        suppliers.charge_step,
        suppliers.rounding,
        rows_bought.row_id is not null as found,
        rows_bought.late,
        rows_bought.per_call,
        rows_bought.rate_nanos,
        rows_bought.connect_fee_nanos,
        rows_bought.max_charge_nanos,
        coalesce(own_increment(suppliers.billing), rows_bought.first_increment) as first_increment,
        coalesce(own_increment(suppliers.billing), rows_bought.increment) as increment,
    from calls_matched
    inner join suppliers using (supplier_row)
    inner join accounts on accounts.account_row = calls_matched.account_row
    left join deck_rows as rows_bought on rows_bought.row_id = calls_matched.buy_row
),

asked as (
    select
        *,
        case
            when not answered or direction = 'internal' then 0
            when not found and direction = 'inbound' then 0
            when not found or late then null
            else charge_nanos(
                rate_nanos,
                connect_fee_nanos,
                if(per_call, 60, billed(duration_seconds, first_increment, increment)),
                max_charge_nanos,
                charge_step,
                rounding_of(rounding, charge_step)
            )
        end::bigint as asked_nanos,
    from bought
)

select
    asked.call_row,
    case
        when asked_nanos = 0 or carrier_currency = account_currency then asked_nanos
        else exchanged(asked_nanos, multiply_nanos, divide_nanos)
    end as buy_charge_nanos,
from asked
left join exchange
    on exchange.base = carrier_currency
    and exchange.quote = account_currency
    and exchange.starts_at <= asked.started_at
    and exchange.ends_at > asked.started_at
where asked_nanos is not null
