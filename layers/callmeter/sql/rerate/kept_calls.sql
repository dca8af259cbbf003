-- kept_calls.sql: the file's calls, revised. In: kept_calls, revised_calls, taken.
create or replace table kept_calls as
select * from kept_calls anti join taken using (line)
union all
select * from revised_calls semi join taken using (line)
