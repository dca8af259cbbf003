-- bill_facts.sql: what else a bill says, one row per account that has something to bill. In: ledger, freezing.
select
    account_id,
    count(*) filter (call_period = bill_period) as calls,
    list(distinct ledger.currency) filter (ledger.currency <> freezing.currency) as other_currencies,
from ledger
inner join freezing using (account_id)
group by account_id
order by account_id
