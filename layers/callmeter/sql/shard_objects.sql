-- shard_objects.sql: which periods and shards a file's calls fall into. In: kept_shards.
select distinct kept_in as period, shard
from kept_shards
order by all
