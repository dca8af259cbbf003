-- shard_calls.sql: one object's calls: a file's priced calls of one period and shard, in the order of their lines.
create or replace temp table shard_calls as
select *
from kept_calls
where period = $period and shard_of(account_id, $shards) = $shard
order by file, line
