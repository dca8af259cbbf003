-- diff_prefixes.sql: what is compared: each prefix of either side, a row each. In: diff_rows. Rows that are over at $instant
-- do not count. A prefix that longer ones divide up among them, ten for each digit, has no numbers of its own: it is left out.
create or replace temp table diff_prefixes as
with prefixes as (
    select distinct deck, direction, is_code, prefix, length(prefix) as digits
    from diff_rows
    where coalesce(ends_at > $instant, true)
),

heads as (
    select deck, direction, prefix, digits, unnest(range(1, digits)) as head_digits
    from prefixes
    where not is_code
),

nearest as (
    select heads.deck, heads.direction, heads.prefix, heads.digits, max(prefixes.prefix) as around
    from heads
    inner join prefixes
        on prefixes.deck = heads.deck
        and prefixes.direction = heads.direction
        and not prefixes.is_code
        and prefixes.prefix = left(heads.prefix, heads.head_digits)
    group by heads.deck, heads.direction, heads.prefix, heads.digits
),

-- 15 digits are all a number has: what is taken of a prefix, in numbers of that length.
taken as (
    select deck, direction, around as prefix, sum(rpad('1', (16 - digits)::integer, '0')::bigint) as numbers
    from nearest
    group by deck, direction, around
)

select
    row_number() over (order by prefixes.deck, prefixes.direction, prefixes.is_code, prefixes.prefix)::integer as place,
    prefixes.*,
from prefixes
left join taken
    on taken.deck = prefixes.deck
    and taken.direction = prefixes.direction
    and taken.prefix = prefixes.prefix
    and not prefixes.is_code
where coalesce(taken.numbers < rpad('1', (16 - prefixes.digits)::integer, '0')::bigint, true)
