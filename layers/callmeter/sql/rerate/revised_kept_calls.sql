-- revised_kept_calls.sql: a file's calls as another catalogue rates them. In: a Parquet file.
create or replace temp table revised_calls as
select * from read_parquet($path)
