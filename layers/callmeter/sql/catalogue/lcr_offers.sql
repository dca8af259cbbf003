-- lcr_offers.sql: what each carrier asks for one call, a row per carrier: those that can be used first, by price in the
-- operator's currency. In: carriers, held_rows, exchange. Design 3.4 to 3.6, 3.13. $number or $code is null.
with wholesalers as (
    select distinct carrier, deck, currency, billing, charge_step, rounding
    from carriers
),

best as (
    select deck, max_by(row_id, rank) as row_id
    from held_rows
    where if(is_code, prefix = $code, starts_with($number::varchar, prefix))
    group by deck
),

matched as (
    select
        wholesalers.carrier,
        wholesalers.deck,
        wholesalers.currency,
        wholesalers.charge_step,
        wholesalers.rounding,
        held_rows.row_id is not null as found,
        held_rows.* exclude (deck, currency, row_id, first_increment, increment),
        coalesce(own_increment(billing), held_rows.first_increment) as first_increment,
        coalesce(own_increment(billing), held_rows.increment) as increment,
    from wholesalers
    left join best using (deck)
    left join held_rows using (row_id)
),

asked as (
    select
        *,
        if(
            not found or late,
            null,
            charge_nanos(
                rate_nanos,
                connect_fee_nanos,
                if(per_call, 60, billed($seconds::integer, first_increment, increment)),
                max_charge_nanos,
                charge_step,
                rounding_of(rounding, charge_step)
            )
        )::bigint as asked_nanos,
    from matched
),

converted as (
    select
        asked.*,
        case
            when asked_nanos = 0 or currency = $currency then asked_nanos
            else exchanged(asked_nanos, multiply_nanos, divide_nanos)
        end as converted_nanos,
    from asked
    left join exchange
        on exchange.base = currency
        and exchange.quote = $currency
        and exchange.starts_at <= $instant
        and exchange.ends_at > $instant
)

select
    carrier,
    case
        when not found then 'no row in force for it'
        when late then 'price to follow'
        when not allowed then 'not allowed'
        when converted_nanos is null then format('no exchange rate from {} to {} in force', currency, $currency)
    end as reason,
    deck,
    line,
    prefix,
    destination,
    if(per_call, 'call', 'minute') as per,
    money(rate_nanos) as rate,
    money(connect_fee_nanos) as connect_fee,
    first_increment,
    increment,
    money(max_charge_nanos) as max_charge,
    band,
    currency,
    charge_money(asked_nanos) as price,
    charge_money(converted_nanos) as converted,
from converted
order by reason is not null, converted_nanos, carrier
