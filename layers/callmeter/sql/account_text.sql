-- account_text.sql: the accounts that calls have, as a type. In: used_accounts.
create type account_text as enum (select distinct account_id from used_accounts order by all)
