-- live_rows.sql: the deck rows in force at some time between the first and the last call of a file. In: deck_rows,
-- calls_read. `throughout`: for every caller, at all that time.
create or replace temp table live_rows as
with span as (
    select min(started_at) as first, max(started_at) as last
    from calls_read
    where reason is null and not irregular
)

select
    row_id,
    band,
    from_prefix,
    coalesce(starts_at, timestamp '0001-01-01') as starts_at,
    coalesce(ends_at, timestamp '9999-01-01') as ends_at,
    band is null
    and from_prefix is null
    and coalesce(starts_at <= first, true)
    and coalesce(ends_at > last, true) as throughout,
from deck_rows, span
where coalesce(starts_at <= last, true) and coalesce(ends_at > first, true)
