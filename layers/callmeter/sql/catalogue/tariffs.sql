-- tariffs.sql: the parts a deck has for matching, one row each. In: deck_rows.
insert into tariffs
select
    row_number() over (order by is_code, deck, direction)::integer as tariff,
    deck,
    direction,
    is_code,
from deck_rows
group by deck, direction, is_code
