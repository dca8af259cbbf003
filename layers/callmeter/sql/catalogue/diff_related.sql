-- diff_related.sql: the rows that calls to a prefix may match, of either side: its own and those around it. In: diff_prefixes,
-- diff_rows. `rank`: see slot_rows.sql.
create or replace temp table diff_related as
with heads as (
    select *, unnest(range(if(is_code, digits, 1), digits + 1)) as head_digits
    from diff_prefixes
)

select
    heads.place,
    diff_rows.side,
    diff_rows.row_id,
    diff_rows.band,
    diff_rows.from_prefix,
    coalesce(diff_rows.starts_at, '0001-01-01'::timestamp) as starts_at,
    coalesce(diff_rows.ends_at, '9999-01-01'::timestamp) as ends_at,
    (heads.head_digits * 2 + (diff_rows.band is not null)::integer) * 16 + coalesce(length(diff_rows.from_prefix), 0) as rank,
from heads
inner join diff_rows
    on diff_rows.deck = heads.deck
    and diff_rows.direction = heads.direction
    and diff_rows.is_code = heads.is_code
    and diff_rows.prefix = left(heads.prefix, heads.head_digits)
where coalesce(diff_rows.ends_at > $instant, true)
