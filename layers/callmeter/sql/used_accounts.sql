-- used_accounts.sql: the account rows that calls have, one row each. In: accounts, calls_matched.
create or replace temp table used_accounts as
select accounts.*
from accounts
semi join calls_matched using (account_row)
