-- priced_again.sql: kept calls as stage 2 takes them. In: kept_calls.
create or replace temp view priced_calls as
select rowid as call_row, * from kept_calls
