-- tariff_rows.sql: deck_rows as they are matched, one row each. `rank` is higher for a longer prefix, and ends in the
-- row_id. In: deck_rows, tariffs.
create or replace temp table tariff_rows as
select
    tariff,
    prefix,
    length(prefix)::bigint << 32 | row_id as rank,
    coalesce(starts_at, timestamp '0001-01-01') as starts_at,
    coalesce(ends_at, timestamp '9999-01-01') as ends_at,
from deck_rows
inner join tariffs using (deck, direction, is_code)
