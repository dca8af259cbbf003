-- unlisted.sql: how many calls of their period the statements do not list, one row per account. In: ledger_rows.
select
    account_id,
    count(*) filter (status = 'unanswered') as unanswered_calls,
    count(*) filter (status <> 'unanswered' and direction <> 'outbound' and difference = 0) as free_inbound_calls,
from ledger_rows
where call_period = bill_period
group by account_id
