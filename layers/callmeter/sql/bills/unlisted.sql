-- unlisted.sql: how many calls of the period the statement does not list, one row. In: ledger_rows.
select
    count(*) filter (status = 'unanswered') as unanswered_calls,
    count(*) filter (status <> 'unanswered' and direction <> 'outbound' and difference = 0) as free_inbound_calls,
from ledger_rows
where call_period = $period
