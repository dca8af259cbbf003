-- calls.sql: how many calls of its own period a bill has, one row. In: ledger.
select count(*) as calls from ledger where call_period = $period
