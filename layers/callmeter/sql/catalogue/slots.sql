-- slots.sql: one row per prefix or code of a tariff, whatever the number of its rows. In: deck_rows, tariffs.
create or replace temp table slots as
select
    row_number() over (order by tariff, prefix)::integer as slot,
    tariff,
    is_code,
    prefix,
    length(prefix) as digits,
from deck_rows
inner join tariffs using (deck, direction, is_code)
group by tariff, is_code, prefix
