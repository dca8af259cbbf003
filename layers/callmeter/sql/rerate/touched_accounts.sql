-- touched_accounts.sql: each account and period that is touched, once. In: touched.
select distinct account_id, period
from touched
order by all
