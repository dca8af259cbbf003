-- revised_rejects.sql: a file's rejects as another catalogue leaves them. In: a Parquet file.
create or replace temp table revised_rejects as
select * from read_parquet($path)
