-- used_rows.sql: the deck rows that calls have, one row each. In: deck_rows, calls_matched.
create or replace temp table used_rows as
select deck_rows.*
from deck_rows
semi join calls_matched on calls_matched.sell_row = deck_rows.row_id
