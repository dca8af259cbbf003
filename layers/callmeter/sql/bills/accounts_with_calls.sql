-- accounts_with_calls.sql: who has calls in the periods of a bill, one row per account: the last catalogue that rated
-- them, and whether any are of $period itself. In: calls_now.
select
    account_id,
    max_by(catalogue, (started_at, call_id)) as catalogue,
    bool_or(period = $period) as has_calls,
from calls_now
where period between $first_period and $period
group by account_id
order by account_id
