-- calls_before.sql: one file's calls as they were. In: kept_calls.
create or replace temp table calls_before as
select * from kept_calls
