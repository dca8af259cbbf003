-- own_keys.sql: the keys of accounts that are their own number. In: accounts.
insert into account_keys
select 'number' as kind, account_id as key, account_row, timestamp '0001-01-01' as starts_at, timestamp '9999-01-01' as ends_at
from accounts
where account_row not in (select account_row from account_keys)
