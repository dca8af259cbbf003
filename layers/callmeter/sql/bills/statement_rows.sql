-- statement_rows.sql: what the bills of the accounts $first to $last bill, call by call, from the ledger at $path. In:
-- nothing.
create or replace temp table ledger_rows as
select * from read_parquet($path, hive_partitioning = false)
where account_id between $first and $last
