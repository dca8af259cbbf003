-- kept_shards.sql: priced calls as they are kept, with the shard they go to: a hash of the account. In: kept_calls,
-- kept_objects.
create or replace temp table kept_shards as
with shards as (
    select account_id, shard_of(account_id, $shards) as shard
    from (select distinct account_id from kept_calls)
)

select kept_objects.*, shards.shard
from kept_objects
inner join shards using (account_id)
