-- statement_accounts.sql: how many rows each account has in the ledger at $path, in its order. In: nothing.
select account_id, count(*) as calls
from read_parquet($path, hive_partitioning = false)
group by account_id
order by account_id
