-- shard_calls.sql: one object's calls: a file's priced calls of one period and shard, in the order of their lines. In:
-- kept_shards.
create or replace temp view shard_calls as
select * exclude (shard)
from kept_shards
where kept_in = getvariable('period') and shard = getvariable('shard')
order by file, line
