-- warn_unrated.sql: decks of plans that lack destinations, a row each. In: destinations, deck_rows, plans.
-- A destination is in a deck where one of its numbers matches a row, now or later: a row's prefix begins with one of its own
-- and with no longer one, or one of its own begins with a row's.
with sold as (
    select deck, string_agg(plan, ', ' order by plan) as plans from plans group by deck
),

lines_of_decks as (
    select distinct deck, prefix, is_code
    from deck_rows
    where direction = 'outbound' and coalesce(ends_at > $instant, true)
),

places as (
    select prefix, destination, is_code_group("group") as is_code from destinations
),

heads as (
    select prefix, is_code, unnest(range(if(is_code, length(prefix), 1), length(prefix) + 1)) as digits
    from (select prefix, is_code from places union select prefix, is_code from lines_of_decks)
),

-- Upwards from the destination: a row it lies within.
within as (
    select distinct lines_of_decks.deck, heads.prefix, heads.is_code
    from heads
    inner join lines_of_decks
        on lines_of_decks.prefix = left(heads.prefix, heads.digits)
        and lines_of_decks.is_code = heads.is_code
),

-- Upwards from the row: the destination it is of.
owners as (
    select heads.prefix, heads.is_code, max_by(places.prefix, heads.digits) as place
    from heads
    inner join places on places.prefix = left(heads.prefix, heads.digits) and places.is_code = heads.is_code
    group by heads.prefix, heads.is_code
),

reached as (
    select deck, prefix, is_code from within
    union
    select lines_of_decks.deck, owners.place as prefix, owners.is_code
    from lines_of_decks
    inner join owners on owners.prefix = lines_of_decks.prefix and owners.is_code = lines_of_decks.is_code
),

missing as (
    select sold.deck, sold.plans, places.destination, min(places.prefix) as prefix
    from sold
    cross join places
    left join reached
        on reached.deck = sold.deck
        and reached.prefix = places.prefix
        and reached.is_code = places.is_code
    group by sold.deck, sold.plans, places.destination
    having count(reached.prefix) = 0
)

select
    'no-rate' as code,
    deck,
    1 as line,
    null as asked,
    format(
        '{} of {} destinations have no row, as plan {} needs: {}{}',
        count(*),
        (select count(distinct destination) from places),
        any_value(plans),
        array_to_string(list(format('{} ({})', destination, prefix) order by prefix)[:$shown], ', '),
        if(count(*) > $shown, ', …', '')
    ) as text,
    'Calls there are rejected. Add rows, or leave it so.' as hint,
    1 as found,
from missing
group by deck
order by deck
