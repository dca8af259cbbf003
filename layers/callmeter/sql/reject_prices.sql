-- reject_prices.sql: what decks have no price for, a row per deck and prefix, the most calls first. In: rejects, whose detail
-- says it (rejected.sql); destinations, deck_rows: empty where no rates are at hand; places: the world's destinations. A
-- prefix is as short as is safe: the longest that the operator or the world has a name for, so that a mobile is not priced
-- as a landline; a code is whole.
-- lines: the deck's rows of that prefix, which did not hold at the time.
with said as (
    select regexp_extract(detail, '^to "(.*)" in deck (.*)$', ['number', 'deck']) as found
    from rejects
    where reason = 'no-rate'
),

numbers as (
    select
        found.deck as deck,
        found.number as number,
        regexp_full_match(found.number, '[1-9][0-9]{6,14}') as is_number,
        count(*) as calls,
    from said
    group by all
),

named as (
    select prefix, destination, 1 as preference
    from destinations
    where not is_code_group("group")
    union all
    select prefix, destination, 0 as preference
    from places
),

heads as (
    select deck, number, unnest(range(1, length(number) + 1)) as digits
    from numbers
    where is_number
),

found_places as (
    select
        heads.deck,
        heads.number,
        arg_max(struct_pack(prefix := named.prefix, destination := named.destination), (digits, preference)) as place,
    from heads
    inner join named on named.prefix = left(heads.number, heads.digits)
    group by heads.deck, heads.number
),

lacking as (
    select
        numbers.deck,
        coalesce(place.prefix, numbers.number) as prefix,
        not is_number as is_code,
        coalesce(any_value(place.destination), '') as destination,
        sum(calls)::bigint as calls,
        min(numbers.number) as example,
    from numbers
    left join found_places using (deck, number)
    group by all
)

select
    lacking.*,
    coalesce(
        (
            select list(deck_rows.line order by deck_rows.line)
            from deck_rows
            where deck_rows.deck = lacking.deck
                and deck_rows.prefix = lacking.prefix
                and deck_rows.is_code = lacking.is_code
                and deck_rows.direction = 'outbound'
        ),
        []
    ) as lines,
from lacking
order by calls desc, deck, prefix
