-- ledger_read.sql: one ledger's rows, which are in the file at $path and in the object $ledger. In: ledger_rows.
insert into ledger_rows by name
select *, $ledger as ledger from read_parquet($path, hive_partitioning = false)
