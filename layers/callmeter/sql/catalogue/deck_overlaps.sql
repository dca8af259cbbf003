-- deck_overlaps.sql: rows of a deck in force at once for one prefix and direction, a row per problem. In: deck_cells.
-- A row with a later start ends an open one; everything else that overlaps is an error. Design 3.4.
with spans as (
    select
        *,
        lag(line) over same_prefix as earlier_line,
        lag(starts_at) over same_prefix as earlier_start,
        lag(ends_at) over same_prefix as earlier_end,
    from deck_cells
    where malformed is null and prefix is not null
    window same_prefix as (
        partition by prefix, is_code, direction order by starts_at nulls first, ends_at nulls last, line
    )
)

select
    line,
    raw,
    'overlapping-rows' as code,
    'prefix' as asked,
    format('prefix {} has two rows in force at once: lines {} and {}', prefix, earlier_line, line) as text,
    'Take one out, or give them dates that do not overlap.' as hint,
from spans
where earlier_line is not null
    and (earlier_start is not distinct from starts_at or starts_at is null or earlier_end > starts_at)
order by line
