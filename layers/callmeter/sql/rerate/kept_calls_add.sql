-- kept_calls_add.sql: the calls of some accounts and periods in one object. In: a Parquet file of kept calls.
insert into kept_calls
select *
from read_parquet($path, hive_partitioning = false)
where list_contains($accounts::varchar[], account_id) and list_contains($periods::varchar[], kept_in)
