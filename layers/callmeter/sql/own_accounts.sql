-- own_accounts.sql: every calling number becomes an account of its own, on one plan; of a call that came in, the called one,
-- as that pays. In: calls_read.
-- Adds what is not there yet, so that several files can be read one after the other.
insert into accounts
with numbers as (
    select distinct if(direction = 'inbound', to_number, from_number) as account_id
    from calls_read
    where reason is null and account_id <> '' and account_id not in (select account_id from accounts)
)

select
    ((select coalesce(max(account_row), 0) from accounts) + row_number() over (order by account_id))::integer as account_row,
    account_id,
    $plan as plan,
    $currency as currency,
    $timezone as timezone,
    1 as anchor_day,
    null as starts_at,
    null as ends_at,
from numbers
