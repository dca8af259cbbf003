-- ledger_keys.sql: the ledgers that are read already, a row each. In: ledger_rows.
select distinct ledger from ledger_rows
