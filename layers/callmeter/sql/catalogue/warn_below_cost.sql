-- warn_below_cost.sql: prefixes that a plan's deck sells for less than every carrier asks: the worst of each deck, and how many
-- there are (`found`). In: held_rows, plans, carriers, exchange. A call of a minute is compared, at $instant, before rounding
-- and allowances. The prefixes are those of the sell deck, and the finer ones of carriers where these differ.
with prices as (
    select
        *,
        least(connect_fee_nanos + rate_nanos, max_charge_nanos) as minute_nanos,
    from held_rows
    where not is_code
),

sellers as (
    select distinct deck, currency from plans
),

buyers as (
    select distinct carrier, deck, currency from carriers
),

best as (
    select deck, prefix, max_by(row_id, rank) as row_id
    from prices
    group by deck, prefix
),

heads as (
    select prefix, unnest(range(1, length(prefix) + 1)) as digits
    from (
        select distinct prefix
        from best
        where deck in (select deck from sellers) or deck in (select deck from buyers)
    )
),

effective as (
    select best.deck, heads.prefix, max_by(best.row_id, heads.digits) as row_id
    from heads
    inner join best on best.prefix = left(heads.prefix, heads.digits)
    group by best.deck, heads.prefix
),

bought as (
    select
        effective.prefix,
        sellers.deck as sell_deck,
        min_by(
            struct_pack(carrier := buyers.carrier, minute_nanos := prices.minute_nanos, currency := buyers.currency, prefix := prices.prefix),
            if(
                buyers.currency = sellers.currency or prices.minute_nanos = 0,
                prices.minute_nanos,
                exchanged(prices.minute_nanos, multiply_nanos, divide_nanos)
            )
        ) as cheapest,
        min(
            if(
                buyers.currency = sellers.currency or prices.minute_nanos = 0,
                prices.minute_nanos,
                exchanged(prices.minute_nanos, multiply_nanos, divide_nanos)
            )
        ) as cost_nanos,
    from effective
    inner join buyers using (deck)
    inner join prices on prices.row_id = effective.row_id and not prices.late and prices.allowed
    cross join sellers
    left join exchange
        on exchange.base = buyers.currency
        and exchange.quote = sellers.currency
        and exchange.starts_at <= $instant
        and exchange.ends_at > $instant
    group by effective.prefix, sellers.deck
),

losses as (
    select
        sold.*,
        sellers.currency as sell_currency,
        effective.prefix as called,
        bought.cheapest,
        bought.cost_nanos,
        bought.cost_nanos - sold.minute_nanos as loss_nanos,
    from effective
    inner join sellers using (deck)
    inner join prices as sold on sold.row_id = effective.row_id and not sold.late and sold.allowed
    inner join bought on bought.prefix = effective.prefix and bought.sell_deck = effective.deck
    where bought.cost_nanos > sold.minute_nanos
        and (effective.prefix = sold.prefix or bought.cheapest.prefix = effective.prefix)
)

select
    'below-cost' as code,
    deck,
    line,
    'rate' as asked,
    format(
        'a minute to prefix {} is sold at {} {}, but {} asks {} {}{}',
        called,
        price(minute_nanos),
        sell_currency,
        cheapest.carrier,
        price(cheapest.minute_nanos),
        cheapest.currency,
        if(cheapest.currency = sell_currency, '', format(', that is {} {}', price(cost_nanos), sell_currency))
    ) as text,
    'Every carrier asks as much or more: raise the rate, or see `callmeter rates lcr`.' as hint,
    count(*) over (partition by deck) as found,
from losses
qualify row_number() over (partition by deck order by loss_nanos desc, called) <= $shown
order by deck, loss_nanos desc, called
