-- accounts_with_calls.sql: who has calls, in which period, and the last catalogue that rated them. In: rated_calls.
select account_id, period, max_by(catalogue, (started_at, call_id)) as catalogue
from rated_calls
group by account_id, period
order by account_id, period
