-- diff_rows_table.sql: the deck rows that are compared, empty. side: old, new. In: deck_rows.
create or replace temp table diff_rows as
select ''::varchar as side, * from deck_rows
limit 0
