-- statement_rows.sql: what one bill bills, call by call, from the ledger at $path. In: nothing.
create or replace temp table ledger_rows as
select * from read_parquet($path, hive_partitioning = false)
where account_id = $account_id and bill_period = $period
