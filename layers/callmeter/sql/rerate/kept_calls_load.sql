-- kept_calls_load.sql: one file's calls, each once, of one of its objects. In: a Parquet file of kept calls.
insert into kept_calls
select * replace (null as kept_in)
from read_parquet($path, hive_partitioning = false)
where kept_in = period
