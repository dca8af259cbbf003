-- tariffs.sql: the parts a deck has for matching, one row each: its outbound prefixes, its inbound ones, its codes.
-- `lengths` are those its prefixes have; a code is matched whole. In: deck_rows.
create or replace temp table tariffs as
with parts as (
    select deck, direction, is_code, list_sort(list_distinct(list(length(prefix)))) as lengths
    from deck_rows
    group by deck, direction, is_code
)

select
    row_number() over (order by deck, direction, is_code)::integer as tariff,
    deck,
    direction,
    is_code,
    if(is_code, [20], lengths) as lengths,
from parts
