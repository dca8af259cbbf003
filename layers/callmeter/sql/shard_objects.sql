-- shard_objects.sql: which periods and shards a file's calls fall into. In: kept_calls. A shard is a hash of the account.
select distinct period, shard_of(account_id, $shards) as shard
from kept_calls
order by all
