-- deck_lengths.sql: how long a deck's prefixes are, one row per deck. In: deck_rows.
create or replace temp table deck_lengths as
select deck, list_sort(list_distinct(list(length(prefix)))) as lengths
from deck_rows
where not is_code
group by deck
