-- shard_objects.sql: which periods and shards a file's calls fall into. In: priced_calls. A shard is a hash of the account.
select distinct period, shard_of(account_id, $shards) as shard
from priced_calls
order by all
