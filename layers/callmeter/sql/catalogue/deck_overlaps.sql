-- deck_overlaps.sql: rows of a deck that would hold for one call at once, a row per problem. In: deck_cells, band_overlaps.
-- A row with a later start ends an open one of its own band; everything else that overlaps is an error. Design 3.4.
with spans as (
    select
        *,
        lag(line) over same_rows as earlier_line,
        lag(starts_at) over same_rows as earlier_start,
        lag(ends_at) over same_rows as earlier_end,
        coalesce(ends_at, lead(starts_at) over same_rows) as ended_at,
    from deck_cells
    where malformed is null and prefix is not null
    window same_rows as (
        partition by prefix, is_code, direction, band_cell, from_prefix order by starts_at nulls first, ends_at nulls last, line
    )
),

banded as (
    select * from spans where band_cell is not null
),

problems as (
    select
        line,
        raw,
        'prefix' as asked,
        format('prefix {} has two rows in force at once: lines {} and {}', prefix, earlier_line, line) as text,
        'Take one out, or give them dates that do not overlap.' as hint,
    from spans
    where earlier_line is not null
        and (earlier_start is not distinct from starts_at or starts_at is null or earlier_end > starts_at)

    union all by name
    select
        later.line,
        later.raw,
        'band' as asked,
        format(
            'prefix {} has two rows at once, line {} in band {} and this one in {}: the bands overlap',
            later.prefix, earlier.line, earlier.band_cell, later.band_cell
        ) as text,
        'Change the bands in operator.toml so that no minute is in both, or take one row out.' as hint,
    from banded as later
    inner join banded as earlier
        on earlier.prefix = later.prefix
        and earlier.is_code = later.is_code
        and earlier.direction = later.direction
        and earlier.from_prefix is not distinct from later.from_prefix
        and earlier.line < later.line
        and coalesce(earlier.starts_at < later.ended_at, true)
        and coalesce(later.starts_at < earlier.ended_at, true)
    inner join band_overlaps on band_overlaps.band = earlier.band_cell and band_overlaps.other = later.band_cell
)

select line, raw, 'overlapping-rows' as code, asked, text, hint
from problems
order by line
