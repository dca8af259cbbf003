-- prefixed.sql: calls_matched -> call_rows, the deck row of each call that has one. In: calls_matched, tariffs,
-- tariff_rows. The longest prefix whose row is in force at the start; codes match whole. Design 3.2, 3.4.
create or replace temp table call_rows as
with heads as (
    select line, tariff, started_at, substr(to_number, 1, unnest(lengths)) as head
    from calls_matched
    inner join tariffs using (deck, direction, is_code)
    where reason is null
)

select heads.line, (max(rank) & 4294967295)::integer as row_id
from heads
inner join tariff_rows
    on tariff_rows.prefix = heads.head
    and tariff_rows.tariff = heads.tariff
    and tariff_rows.starts_at <= heads.started_at
    and tariff_rows.ends_at > heads.started_at
group by heads.line
